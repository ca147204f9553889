import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { ensureAuthority, ensureCertificate, type Pair } from '../../scripts/cluster/local/pki.ts';
import { silent } from '../../scripts/cluster/progress.ts';
import { tar } from '../../scripts/images/tar.ts';
import { buildShim } from '../../scripts/shim/build.ts';
import { elf, entry } from '../../src/installer/fetch/sample-tar.ts';
import type { TestCluster } from './test-cluster.ts';

/**
 * Releases of a shim under upstream's names and in its layout. The binary in them is our own wasmtime shim, called
 * `containerd-shim-spin-v2`: what is shown is how a shim comes to a node, not what Spin does there.
 */
export const BINARY = 'containerd-shim-spin-v2';
export const ASSET = 'containerd-shim-spin-v2-linux-x86_64.tar.gz';
export const RELEASE = '/github.com/spinframework/containerd-shim-spin/releases/download/v0.25.1';

export const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

export async function shimBinary(): Promise<Buffer> {
  return readFileSync((await buildShim({ progress: silent })).path);
}

export async function packed(binary: Uint8Array, name = BINARY): Promise<Buffer> {
  const readme = { kind: 'file', path: 'README.md', mode: 0o644, content: Buffer.from('of a test\n') } as const;
  const pieces: Uint8Array[] = [];
  for await (const piece of tar([readme, { kind: 'file', path: name, mode: 0o755, content: binary }]))
    pieces.push(piece);
  return gzipSync(Buffer.concat(pieces), { level: 1 });
}

/** Ten gigabytes of zeros in ten megabytes, and the wanted file behind them. */
export function bomb(binary: Uint8Array): Buffer {
  const MIB = 1024 * 1024;
  const [members, memberBytes] = [160, 64 * MIB];
  const zeros = gzipSync(Buffer.alloc(memberBytes), { level: 9 });
  const head = gzipSync(entry({ path: 'zeros', size: 0o77777777777 }));
  return Buffer.concat([
    head,
    ...Array.from({ length: members }, () => zeros),
    gzipSync(entry({ path: BINARY, content: binary })),
  ]);
}

export const climbing = (): Buffer =>
  gzipSync(Buffer.concat([entry({ path: '../../../etc/cron.d/x', content: 'x' }), Buffer.alloc(1024)]));
export const forArm64 = (): Buffer => elf(183, 'for another machine');

/** An authority that nobody knows, and a server's certificate by it. */
export async function ownAuthority(
  directory: string,
  address: string,
): Promise<{ readonly ca: string; readonly server: Pair }> {
  const ca = await ensureAuthority(directory, 'site');
  const names = [`IP:${address}`];
  return { ca: ca.cert, server: await ensureCertificate(directory, 'mirror', { commonName: 'mirror', names }, ca) };
}

/** This machine as a node sees it: the way to everywhere else. */
export async function gatewayOf(test: TestCluster, node: string): Promise<string> {
  const route = await test.exec(node)(['ip', '-4', 'route', 'show', 'default']);
  const address = /via (\S+)/.exec(route)?.[1];
  if (address === undefined) throw new Error(`${node} has no default route: ${route}`);
  return address;
}

/** The order of Spin's shim as the operator writes it. */
export function httpsOrder(sha256: string, change: Readonly<Record<string, unknown>> = {}): object {
  const url = `https:/${RELEASE}/${ASSET}`;
  return orderOf({ kind: 'https', url, sha256, ...change });
}

export function orderOf(source: object, change: object = {}): object {
  const platforms = ['amd64', 'arm64'].map((arch) => ({ arch, source }));
  return { name: 'spin', handler: 'spin', binary: BINARY, version: '0.25.1', platforms, ...change };
}
