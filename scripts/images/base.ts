import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { command } from '../cluster/command.ts';
import { debianMirror } from '../toolchain/debootstrap.ts';
import type { Blobs, Layer } from './blobs.ts';
import { treeEntries } from './entries.ts';
import type { Architecture } from './oci.ts';
import type { TarEntry } from './tar.ts';

/**
 * The base image for machines without an engine and without a public registry: a few Debian packages, unpacked and not
 * configured (nothing in them needs it), and the Node binary that the lock file pins. No package manager, no bash, no
 * perl. Two layers, since Node and Debian are updated apart.
 */
const SUITE = 'trixie';
/** nsenter and flock; GNU cp, which keeps extended attributes; a shell; what Node is linked against. */
const PACKAGES = ['base-files', 'coreutils', 'dash', 'libstdc++6', 'sed', 'util-linux'];

/** Raise it when the layer would come out differently for another reason than the lists here. */
const LAYOUT = 1;
const TIMEOUT_MS = 10 * 60_000;

const LEFT_OUT = [
  /^(dev|proc|sys|run|boot)\//,
  /^var\/(cache|lib\/apt|lib\/dpkg\/(?!status\.d)|log)\//,
  /^etc\/(hostname|resolv\.conf)$/, // mmdebstrap copies those of the machine it runs on
  /^etc\/(apt|pam\.d|security|update-motd\.d)(\/|$)/,
  /^usr\/share\/(bash-completion|debconf|gcc|gdb|info|lintian|locale|man|pam|pam-configs|perl5)(\/|$)/,
  /^usr\/share\/doc\/[^/]+\/(?!copyright$)/,
  /^usr\/lib\/[^/]+\/(gconv|security)(\/|$)/, // conversions and PAM modules that nothing here loads
  /^usr\/lib\/(systemd|tmpfiles\.d)(\/|$)/,
];

export const BASE_ENV = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' };

export interface BaseInputs {
  readonly architecture: Architecture;
  readonly nodeVersion: string;
  readonly node: string; // the binary
}

/** What the two layers follow from. Debian's point releases are not part of it: `rm -r` of the cache takes them in. */
export function baseKeys({ architecture, nodeVersion, node }: BaseInputs): {
  readonly debian: string;
  readonly node: string;
} {
  const rules = [SUITE, architecture, LAYOUT, PACKAGES, LEFT_OUT.map(String), [...ACCOUNTS]];
  return {
    debian: `debian-${key(rules)}`,
    node: `node-${key([nodeVersion, architecture, LAYOUT, statSync(node).size])}`,
  };
}

export async function baseLayers(blobs: Blobs, inputs: BaseInputs, tmp: string): Promise<readonly Layer[]> {
  const keys = baseKeys(inputs);
  const root = mkdtempSync(join(tmp, 'base-')); // read until the layer is packed
  try {
    const debian = await blobs.keyed(keys.debian, async () => {
      await unpackDebian(root, inputs.architecture);
      return [...treeEntries(root, '', isLeftOut), ...ACCOUNTS].toSorted((a, b) => (a.path < b.path ? -1 : 1));
    });
    return [debian, await blobs.keyed(keys.node, async () => nodeEntries(inputs.node))];
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

function nodeEntries(file: string): readonly TarEntry[] {
  const content = { file, size: statSync(file).size };
  return [{ kind: 'file', path: 'usr/local/bin/node', mode: 0o755, content }];
}

/** Scanners find the packages of an image without dpkg in status.d, one file per package. */
const RECORD_PACKAGES = `mkdir -p "$1/var/lib/dpkg/status.d"
for deb in "$1"/var/cache/apt/archives/*.deb; do
  dpkg-deb -f "$deb" >"$1/var/lib/dpkg/status.d/$(dpkg-deb -f "$deb" Package)"
done`;

async function unpackDebian(root: string, architecture: Architecture): Promise<void> {
  const options = ['--variant=extract', `--architectures=${architecture}`, `--include=${PACKAGES.join(',')}`];
  const args = [...options, `--extract-hook=${RECORD_PACKAGES}`, SUITE, root, await debianMirror()];
  await command('mmdebstrap', args, { timeoutMs: TIMEOUT_MS, env: { DEBIAN_FRONTEND: 'noninteractive' } });
}

export function isLeftOut(path: string): boolean {
  return LEFT_OUT.some((pattern) => pattern.test(path));
}

/** base-passwd would write them on configuration. 65532 is the operator. */
const ACCOUNTS: readonly TarEntry[] = [
  text('etc/passwd', [
    'root:x:0:0:root:/root:/bin/sh',
    'nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin',
    'kwasm:x:65532:65532:kwasm:/nonexistent:/usr/sbin/nologin',
  ]),
  text('etc/group', ['root:x:0:', 'nogroup:x:65534:', 'kwasm:x:65532:']),
];

function text(path: string, lines: readonly string[]): TarEntry {
  return { kind: 'file', path, mode: 0o644, content: Buffer.from(`${lines.join('\n')}\n`) };
}

function key(inputs: unknown): string {
  return createHash('sha256').update(JSON.stringify(inputs)).digest('hex').slice(0, 32);
}
