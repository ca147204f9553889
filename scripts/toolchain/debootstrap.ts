import { mkdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { command } from '../cluster/command.ts';

export interface Debootstrap {
  readonly suite: string;
  readonly packages: readonly string[];
  readonly target: string;
  /** A mirror that lags by weeks will do: what it serves is signed all the same. Debian's moving suites expire. */
  readonly lagging?: boolean;
  readonly signal?: AbortSignal | undefined;
}

const TIMEOUT_MS = 30 * 60_000;
const PUBLIC_MIRROR = 'http://deb.debian.org/debian';

/** A minimal Debian of that suite in `target`, from the mirror that this system's own apt uses. */
export async function debootstrap({ suite, packages, target, lagging, signal }: Debootstrap): Promise<void> {
  rmSync(target, { recursive: true, force: true });
  mkdirSync(dirname(target), { recursive: true });
  const args = [
    '--variant=minbase',
    `--include=${packages.join(',')}`,
    // What only a person would read is a third of it.
    '--dpkgopt=path-exclude=/usr/share/man/*',
    '--dpkgopt=path-exclude=/usr/share/doc/*',
    '--dpkgopt=path-exclude=/usr/share/locale/*',
    ...(lagging ? ['--aptopt=Acquire::Check-Valid-Until "false"'] : []),
    suite,
    target,
    await debianMirror(),
  ];
  await command('mmdebstrap', args, { timeoutMs: TIMEOUT_MS, signal, env: { DEBIAN_FRONTEND: 'noninteractive' } });
}

export async function debianMirror(): Promise<string> {
  const lines = await command('apt-get', [
    'indextargets',
    '--format',
    '$(LABEL)|$(REPO_URI)',
    'Created-By: Packages',
  ]).catch(() => '');
  return mirrorOf(lines) ?? PUBLIC_MIRROR;
}

/** The archive that carries every suite is labelled plain `Debian`; security and others have labels of their own. */
export function mirrorOf(indexTargets: string): string | undefined {
  const line = indexTargets.split('\n').find((text) => text.startsWith('Debian|http'));
  return line?.slice('Debian|'.length).replace(/\/$/, '');
}
