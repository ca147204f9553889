import { readFileSync } from 'node:fs';
import { Terminal } from '../../src/errors.ts';
import { command } from '../cluster/command.ts';

const APT_TIMEOUT_MS = 15 * 60_000;

/** Installs what is missing where we may (root on Debian or Ubuntu), else says the command that does. */
export async function ensurePackages(
  packages: readonly string[],
  say: (line: string) => void,
  signal?: AbortSignal,
): Promise<void> {
  const missing: string[] = [];
  for (const name of packages) if (!(await isInstalled(name))) missing.push(name);
  if (missing.length === 0) return;
  if (!isDebian(readOsRelease())) {
    throw new Terminal(
      `missing: ${missing.join(', ')} (Debian's names). Install your distribution's packages of these`,
    );
  }
  const install = ['install', '-y', '--no-install-recommends', ...missing];
  if (process.getuid?.() !== 0) {
    throw new Terminal(`missing packages; install them with: sudo apt-get ${install.join(' ')}`);
  }
  say(`  ... installing ${missing.join(', ')} with apt-get`);
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  await command('apt-get', ['update', '-q'], { env, signal, timeoutMs: APT_TIMEOUT_MS });
  await command('apt-get', install, { env, signal, timeoutMs: APT_TIMEOUT_MS });
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
