import { existsSync, linkSync, readFileSync } from 'node:fs';
import { join } from 'node:path/posix';
import type { Host } from '../host.ts';
import { syncDirectory, writeText } from './files.ts';
import { transactionDir } from './journal.ts';

export type Decision = 'commit' | 'rollback';

/**
 * The decision in force: ours if nobody was faster. Both words were written when the change was prepared, so that neither
 * a full disk nor a process that dies half-way can spoil one; to decide is to link one of them.
 */
export async function decide(host: Host, id: string, wanted: Decision): Promise<Decision> {
  const directory = host.at(transactionDir(id));
  const word = join(directory, `decision.${wanted}`);
  if (!existsSync(word)) await writeText(word, `${wanted}\n`, 0o600); // a journal of an older installer
  try {
    linkSync(word, join(directory, 'decision'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  syncDirectory(directory);
  return readDecision(host, id) ?? 'rollback';
}

export function readDecision(host: Host, id: string): Decision | undefined {
  const path = host.at(join(transactionDir(id), 'decision'));
  if (!existsSync(path)) return undefined;
  return readFileSync(path, 'utf8').trim() === 'commit' ? 'commit' : 'rollback';
}

/** What the restore script wrote last: "rolledBack WHO" or "broken WHO: why". */
export function readOutcome(host: Host, id: string): string | undefined {
  const path = host.at(join(transactionDir(id), 'outcome'));
  return existsSync(path) ? readFileSync(path, 'utf8').trim() : undefined;
}
