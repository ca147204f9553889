import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { messageOf, Terminal } from '../../src/errors.ts';
import { command } from '../cluster/command.ts';
import { withLock } from '../cluster/lock.ts';
import { cacheDir } from '../cluster/paths.ts';

const APT_TIMEOUT_MS = 15 * 60_000;
/** A fresh machine's unattended-upgrades may take minutes. */
const LOCK_WAIT_MS = 10 * 60_000;
const LOCK_ASK_MS = 1_000;

/**
 * Installs what is missing where we may (root on Debian or Ubuntu), else says the command that does. Clusters that begin at one
 * time ask for the same packages, and apt-get runs once: the first takes the lock, the others find them installed.
 */
export async function ensurePackages(
  packages: readonly string[],
  say: (line: string) => void,
  signal?: AbortSignal,
): Promise<void> {
  const missing = await missingOf(packages);
  if (missing.length === 0) return;
  if (!isDebian(readOsRelease())) {
    throw new Terminal(
      `missing: ${missing.join(', ')} (Debian's names). Install your distribution's packages of these`,
    );
  }
  if (process.getuid?.() !== 0) {
    throw new Terminal(`missing packages; install them with: sudo apt-get ${installOf(missing).join(' ')}`);
  }
  await oneAtATime(say, async () => {
    const still = await missingOf(packages);
    if (still.length === 0) return;
    say(`  ... installing ${still.join(', ')} with apt-get`);
    await aptGet(UPDATE, { say, signal });
    await aptGet(installOf(still), { say, signal });
  });
}

/** A package's file, in a directory. */
export async function downloadPackage(name: string, directory: string, say: (line: string) => void): Promise<void> {
  // apt-get drops to its own user for a download, and that one may not write there.
  const download = ['-o', 'APT::Sandbox::User=root', 'download', name];
  const context = { say, cwd: directory };
  await oneAtATime(say, async () => {
    try {
      await aptGet(download, context);
    } catch {
      await aptGet(UPDATE, context); // a machine without lists, or with old ones
      await aptGet(download, context);
    }
  });
}

const UPDATE = ['update', '-q'];

async function oneAtATime(say: (line: string) => void, work: () => Promise<void>): Promise<void> {
  await withLock(join(cacheDir(), 'apt-get.lock'), () => say('  ... waiting for another that installs packages'), work);
}

function installOf(packages: readonly string[]): readonly string[] {
  return ['install', '-y', '--no-install-recommends', ...packages];
}

interface AptContext {
  readonly say: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
  readonly cwd?: string;
}

/** `update` does not wait for the lists' lock, and has no option for it; `install` would wait for dpkg's with one, but not for this one. */
export async function aptGet(args: readonly string[], { say, signal, ...where }: AptContext): Promise<void> {
  const until = Date.now() + LOCK_WAIT_MS;
  for (let said = false; ; said = true) {
    try {
      await command('apt-get', args, {
        ...where,
        env: { DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' },
        signal,
        timeoutMs: APT_TIMEOUT_MS,
      });
      return;
    } catch (error) {
      if (!/Could not get lock|Unable to acquire the dpkg frontend lock/.test(messageOf(error))) throw error;
      if (Date.now() > until) throw error;
    }
    if (!said) say('  ... waiting for another apt-get of this machine');
    await pause(LOCK_ASK_MS, undefined, { signal });
  }
}

async function missingOf(packages: readonly string[]): Promise<readonly string[]> {
  const missing: string[] = [];
  for (const name of packages) if (!(await isInstalled(name))) missing.push(name);
  return missing;
}

async function isInstalled(name: string): Promise<boolean> {
  const status = await command('dpkg-query', ['-W', `-f=\${db:Status-Status}`, name]).catch(() => '');
  return status.trim() === 'installed';
}

function readOsRelease(): string {
  try {
    return readFileSync('/etc/os-release', 'utf8');
  } catch {
    return '';
  }
}

export function isDebian(osRelease: string): boolean {
  return /^(?:ID|ID_LIKE)=.*\b(?:debian|ubuntu)\b/m.test(osRelease);
}
