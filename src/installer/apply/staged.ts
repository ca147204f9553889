import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path/posix';
import { HOST } from '../../contract.ts';
import type { Host } from '../host.ts';
import { makeDirectory, removeSynced, writeText } from './files.ts';

/**
 * Paths of shims that a run puts on the host before any configuration names them, one a line: written before the first,
 * so that whatever a run that dies leaves of them is known for its own, and nothing else is.
 */
const STAGED = join(HOST.state, 'staged');

export async function noteStaged(host: Host, paths: readonly string[]): Promise<void> {
  if (paths.length === 0) return;
  const at = host.at(STAGED);
  makeDirectory(dirname(at), 0o700);
  await writeText(at, [...new Set([...readStaged(host), ...paths])].map((path) => `${path}\n`).join(''), 0o600);
}

export function readStaged(host: Host): readonly string[] {
  const at = host.at(STAGED);
  return existsSync(at) ? readFileSync(at, 'utf8').split('\n').filter(Boolean) : [];
}

/** They are installed by now, or taken back. */
export const forgetStaged = (host: Host): void => {
  if (existsSync(host.at(STAGED))) removeSynced(host.at(STAGED));
};
