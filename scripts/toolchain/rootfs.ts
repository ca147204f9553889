import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { withLock } from '../cluster/lock.ts';
import { cacheDir } from '../cluster/paths.ts';
import { VERSIONS } from '../cluster/versions.ts';
import type { Command, CommandContext, Need, Toolchain, ToolchainName } from './command.ts';
import { debootstrap } from './debootstrap.ts';
import { ensurePackages } from './packages.ts';

const COMPILERS: Readonly<Record<ToolchainName, readonly string[]>> = {
  go: ['golang-go', 'ca-certificates', 'git'],
  cargo: ['cargo', 'rustc', 'gcc', 'g++', 'libc6-dev', 'make', 'pkg-config', 'ca-certificates', 'git'],
};

/** The toolchain inside a root file system of Debian's newest suite; needs root, for chroot and bind mounts. */
export async function rootfsToolchain(name: ToolchainName, need: Need, why: string): Promise<Toolchain> {
  await ensurePackages(['mmdebstrap', 'util-linux'], need.say, need.signal);
  const packages = [...COMPILERS[name], ...(need.packages ?? [])];
  const root = await ensureRoot(name, packages, need, why);
  return {
    description: `${name} of Debian ${VERSIONS.toolchainSuite}, in ${root} (${why})`,
    command: (args, context) => inRoot(root, [name, ...args], context, join(cacheDir(), 'toolchain-home')),
  };
}

/** Where it is, once it is made. */
export function rootOf(name: string, packages: readonly string[]): string {
  const key = createHash('sha256').update(packages.join(' ')).digest('hex').slice(0, 12);
  return join(cacheDir(), 'rootfs', `${VERSIONS.toolchainSuite}-${name}-${key}`);
}

export async function ensureRoot(name: string, packages: readonly string[], need: Need, why: string): Promise<string> {
  const target = rootOf(name, packages);
  if (existsSync(target)) return target;
  const waiting = () => need.say(`  ... another process makes the root file system for ${name}; waiting for it`);
  return withLock(`${target}.lock`, waiting, async () => {
    if (existsSync(target)) return target;
    need.say(`  ... ${why}: fetching ${name} of Debian ${VERSIONS.toolchainSuite} (a few minutes the first time)`);
    await debootstrap({
      suite: VERSIONS.toolchainSuite,
      packages,
      target: `${target}.partial`,
      lagging: true,
      signal: need.signal,
    });
    renameSync(`${target}.partial`, target);
    return target;
  });
}

/**
 * Bind mounts in a mount namespace of the command's own, which vanish with it; then chroot. Paths are the same inside
 * as outside. The name servers come along, since compilers fetch their dependencies.
 */
export function inRoot(root: string, argv: readonly string[], context: CommandContext, home: string): Command {
  mkdirSync(home, { recursive: true });
  const script = [
    'set -eu',
    'root=$1; cwd=$2; shift 2',
    'while [ "$1" != -- ]; do mkdir -p "$root$1"; mount --rbind "$1" "$root$1"; shift; done; shift',
    'for dir in dev proc sys; do mount --rbind "/$dir" "$root/$dir"; done',
    'for file in /etc/resolv.conf /etc/hosts; do touch "$root$file"; mount --bind "$file" "$root$file"; done',
    'exec chroot "$root" sh -c \'cd "$1"; shift; exec "$@"\' sh "$cwd" "$@"',
  ].join('\n');
  const binds = [...new Set([context.cwd, home, ...(context.writable ?? [])])];
  return {
    file: 'unshare',
    args: ['--mount', '--propagation', 'private', 'sh', '-c', script, 'sh', root, context.cwd, ...binds, '--', ...argv],
    cwd: context.cwd,
    env: { ...context.env, HOME: home, CARGO_HOME: join(home, 'cargo'), GOTOOLCHAIN: 'auto', ...pathInside },
  };
}

const pathInside = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' };
