import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { parse } from 'smol-toml';
import { connectCri, type RuntimeStatus } from '../../src/installer/cri/client.ts';

/**
 * A daemon that sees a golden tree at its real paths: in a mount namespace of its own, where these directories are empty
 * but for the tree. Nothing of this machine is read or written, and the namespace ends with the process.
 */
const DIRECTORIES = ['etc', 'var', 'run', 'opt'];
const DUMP_TIMEOUT_MS = 60_000;
const START_TIMEOUT_MS = 30_000;
const POLL_MS = 100;
const UNIMPLEMENTED = 12;

function inNamespace(tree: string, argv: readonly string[]): readonly [string, readonly string[]] {
  const mounts = DIRECTORIES.map(
    (name) => `mount -t tmpfs tmpfs /${name} && { [ ! -d "$0/${name}" ] || cp -a "$0/${name}/." /${name}/; }`,
  );
  return ['unshare', ['--mount', 'sh', '-c', `${mounts.join(' && ')} && exec "$@"`, tree, ...argv]];
}

/** As the daemon's own program prints it; a tree without the root file stands for the defaults. */
export async function dump(tree: string, binary: string, config: string, exists: boolean): Promise<unknown> {
  const argv = exists ? [binary, '-c', config, 'config', 'dump'] : [binary, 'config', 'default'];
  const [file, args] = inNamespace(tree, argv);
  const done = await execa(file, args, { timeout: DUMP_TIMEOUT_MS, reject: false, stdin: 'ignore' });
  if (done.exitCode !== 0)
    throw new Error(`${argv.join(' ')}: ${done.stderr.trim().split('\n').at(-1) ?? done.message}`);
  return parse(done.stdout, { integersAsBigInt: 'asNeeded' });
}

/** A real start: what the daemon says over CRI once it serves, or the last line that it wrote before it gave up. */
export async function start(tree: string, binary: string, config: string, scratch: string): Promise<RuntimeStatus> {
  mkdirSync(scratch, { recursive: true });
  const socket = join(scratch, 'containerd.sock');
  const own = ['--address', socket, '--root', join(scratch, 'root'), '--state', join(scratch, 'state')];
  const [file, args] = inNamespace(tree, [binary, '-c', config, ...own]);
  // execa ends it with this process, too, however that ends.
  const child = execa(file, args, {
    stdin: 'ignore',
    stdout: 'ignore',
    reject: false,
    forceKillAfterDelay: 5000,
  });
  try {
    return await Promise.race([serving(socket), failure(child)]);
  } finally {
    child.kill('SIGTERM');
    await child;
  }
}

async function failure(child: PromiseLike<{ readonly exitCode?: number; readonly stderr: string }>): Promise<never> {
  const { exitCode, stderr } = await child;
  throw new Error(`containerd ended with ${exitCode}: ${stderr.trim().split('\n').at(-1) ?? ''}`);
}

async function serving(socket: string): Promise<RuntimeStatus> {
  const endMs = performance.now() + START_TIMEOUT_MS;
  for (;;) {
    const cri = connectCri(socket, () => Date.now());
    try {
      return await cri.status();
    } catch (error) {
      // The services are there from the first moment that the daemon listens, or not at all.
      const absent = (error as { cause?: { code?: number } }).cause?.code === UNIMPLEMENTED;
      if (absent || performance.now() > endMs) throw error;
    } finally {
      cri.close();
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
