import { appendFileSync, existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path/posix';
import * as z from 'zod';
import { HOST } from '../contract.ts';
import type { Verdict } from '../verdict.ts';
import type { Host } from './host.ts';
import { RECORD_PATH } from './record.ts';

/**
 * How the runs on this host ended, for people: a transaction's own journal goes with the transaction. Nothing is decided by
 * it, so it is not flushed, and a line that cannot be read is left out. It lives and goes with what is installed.
 */
const HISTORY_PATH = join(HOST.state, 'history.jsonl');
const ENTRIES_MAX = 50;
const MESSAGE_LENGTH_MAX = 500;

const entrySchema = z.object({
  at: z.string(),
  action: z.string(),
  outcome: z.string(),
  reason: z.string(),
  message: z.string(),
  files: z.array(z.string()),
  ms: z.number(),
});
export type HistoryEntry = z.infer<typeof entrySchema>;

/** Runs that changed something, or tried to. */
const TOLD: ReadonlySet<Verdict['outcome']> = new Set(['installed', 'rolledBack', 'broken', 'failed']);

export function remember(host: Host, action: string, verdict: Omit<Verdict, 'kind' | 'version'>, nowMs: number): void {
  const { outcome, reason, message, files, steps } = verdict;
  // Locked: another run has the host, and this file.
  if (!TOLD.has(outcome) || reason === 'Locked' || !existsSync(host.at(RECORD_PATH))) return;
  const ms = steps.reduce((sum, step) => sum + step.ms, 0);
  const at = new Date(nowMs).toISOString();
  const entry: HistoryEntry = {
    at,
    action,
    outcome,
    reason,
    message: message.slice(0, MESSAGE_LENGTH_MAX),
    files: [...files],
    ms,
  };
  const path = host.at(HISTORY_PATH);
  appendFileSync(path, `${JSON.stringify(entry)}\n`, { mode: 0o600 });
  const entries = readHistory(host);
  if (entries.length <= ENTRIES_MAX) return;
  const kept = entries.slice(-ENTRIES_MAX).map((one) => `${JSON.stringify(one)}\n`);
  writeFileSync(`${path}.new`, kept.join(''), { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

export function readHistory(host: Host): readonly HistoryEntry[] {
  const path = host.at(HISTORY_PATH);
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8').split('\n').flatMap(parseEntry);
}

function parseEntry(line: string): readonly HistoryEntry[] {
  try {
    const parsed = entrySchema.safeParse(JSON.parse(line));
    return parsed.success ? [parsed.data] : [];
  } catch {
    return [];
  }
}

/** Transactions that have not ended: one in work, or one that the next run, or the host's timer, will end. */
export function openTransactions(host: Host): readonly string[] {
  const directory = host.at(join(HOST.state, 'txn'));
  return existsSync(directory) ? readdirSync(directory).sort() : [];
}

export function describeHistory(host: Host): readonly string[] {
  const open = openTransactions(host);
  const entries = readHistory(host);
  return [
    'Journal',
    ...open.map((id) => `  open: transaction ${id}, in ${join(HOST.state, 'txn', id)}`),
    ...(entries.length === 0 ? ['  no run is remembered: nothing of ours is installed, or by an older installer'] : []),
    ...entries.map(
      ({ at, action, outcome, reason, message, ms }) =>
        `  ${at.slice(0, 19)}Z  ${action} ${outcome} (${reason}) in ${(ms / 1000).toFixed(1)} s: ${message}`,
    ),
  ];
}
