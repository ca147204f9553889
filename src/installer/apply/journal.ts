import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path/posix';
import { z } from 'zod';
import { HOST } from '../../contract.ts';
import type { Host } from '../host.ts';
import type { FileState } from '../plan/change.ts';
import { Refusal } from '../refusal.ts';
import { copySynced, syncDirectory, writeText } from './files.ts';

/**
 * A change under way, on the host's disk: enough for a retry to go on, and for the host's own restore script (which reads
 * the plain files: unit, invocation, sandbox, files, directories, before/N, after/N) to undo it without us.
 *
 *   prepared   nothing live was touched
 *   armed      the host's timer runs; from here on files may have been written
 *   restarting the daemon may have read them
 *   decision   commit or rollback, by hard link: made once
 *   outcome    the restore script's last word
 */
const list = <T extends z.ZodType>(item: T) => z.array(item).readonly();
const handlerSchema = z.object({ name: z.string(), type: z.string(), systemdCgroup: z.boolean().optional() });
const baselineSchema = z.object({
  handlers: list(z.object({ name: z.string(), type: z.string(), options: z.record(z.string(), z.unknown()) })),
  sandboxes: list(z.object({ id: z.string(), pod: z.string(), podUid: z.string() })),
  containers: list(z.object({ id: z.string(), name: z.string(), pod: z.string(), podUid: z.string() })),
});
const journalSchema = z.object({
  version: z.literal(1),
  id: z.string(),
  action: z.enum(['install', 'uninstall', 'guard']),
  stage: z.enum(['prepared', 'armed', 'restarting']),
  bootId: z.string(),
  unit: z.string(),
  socket: z.string(),
  /** How the daemon's own program loads the live configuration and prints it. */
  loadConfig: list(z.string()),
  invocation: z.string(),
  baseline: baselineSchema,
  handlers: list(handlerSchema),
  gone: list(z.string()),
  files: list(z.object({ path: z.string(), before: z.string(), after: z.string() })),
  createDirectories: list(z.string()),
  removeDirectories: list(z.string()),
  /** The pod in which somebody else's installer runs, and the process that holds its sandbox open. */
  guarded: z
    .object({ podUid: z.string(), sandbox: z.object({ pid: z.number(), startTicks: z.string() }).optional() })
    .optional(),
  /** Directories in which a third-party installer's new files are undone, too. */
  watched: list(z.string()),
});
export type Journal = z.infer<typeof journalSchema>;

/** 'any': a third-party installer writes it, so every content but the old one is undone. */
export interface JournaledFile {
  readonly path: string;
  readonly before: FileState;
  readonly after: FileState | { readonly kind: 'any' };
}

const TRANSACTIONS = join(HOST.state, 'txn');
const PENDING = join(HOST.state, 'pending');
export const transactionDir = (id: string): string => join(TRANSACTIONS, id);
export const stagedBackup = (path: string, id: string, n: number): string =>
  join(dirname(path), `.kwasm-${id}-${n}.before`);

export async function writeJournal(host: Host, journal: Journal): Promise<void> {
  const at = host.at(join(transactionDir(journal.id), 'journal.json'));
  await writeText(at, `${JSON.stringify(journal, null, 1)}\n`, 0o600);
}

/** Backups, the planned bytes and the journal itself, all flushed before anything live changes. */
export async function prepareJournal(
  host: Host,
  journal: Omit<Journal, 'files' | 'version' | 'stage'>,
  files: readonly JournaledFile[],
): Promise<Journal> {
  const directory = host.at(transactionDir(journal.id));
  for (const part of ['before', 'after', 'listing']) mkdirSync(join(directory, part), { recursive: true, mode: 0o700 });
  const lines: string[] = [];
  for (const [n, { path, before, after }] of files.entries()) {
    if (/[\n\r]/.test(path)) throw new Refusal('ConfigUnreadable', `a line break in the path ${JSON.stringify(path)}`);
    if (before.kind === 'file') {
      await copySynced(host.at(path), join(directory, 'before', String(n)));
      // Beside the file as well: putting that back is a rename, which needs no space on a full disk.
      await copySynced(host.at(path), host.at(stagedBackup(path, journal.id, n)));
    }
    if (after.kind === 'file') await writeText(join(directory, 'after', String(n)), after.text, 0o600);
    lines.push(`${n} ${before.kind} ${after.kind} ${path}\n`);
  }
  await writeText(join(directory, 'files'), lines.join(''), 0o600);
  await writeText(join(directory, 'unit'), `${journal.unit}\n`, 0o600);
  await writeText(join(directory, 'invocation'), `${journal.invocation}\n`, 0o600);
  const undo = [...journal.createDirectories].reverse();
  if (undo.length > 0) await writeText(join(directory, 'directories'), `${undo.join('\n')}\n`, 0o600);
  const sandbox = journal.guarded?.sandbox;
  if (sandbox !== undefined)
    await writeText(join(directory, 'sandbox'), `${sandbox.pid} ${sandbox.startTicks}\n`, 0o600);
  if (journal.watched.length > 0) await writeListings(host, directory, journal.watched);
  const whole: Journal = {
    ...journal,
    version: 1,
    stage: 'prepared',
    files: files.map(({ path, before, after }) => ({ path, before: before.kind, after: after.kind })),
  };
  await writeJournal(host, whole);
  return whole;
}

async function writeListings(host: Host, directory: string, watched: readonly string[]): Promise<void> {
  for (const [n, path] of watched.entries()) {
    const names = readdirSync(host.at(path)).map((name) => `${name}\n`);
    await writeText(join(directory, 'listing', String(n)), names.join(''), 0o600);
  }
  await writeText(join(directory, 'watched'), watched.map((path, n) => `${n} ${path}\n`).join(''), 0o600);
}

export function setPending(host: Host, id: string): void {
  mkdirSync(host.at(PENDING), { recursive: true, mode: 0o700 });
  writeFileSync(host.at(join(PENDING, id)), '');
  syncDirectory(host.at(PENDING));
}

export function removeStagedBackups(host: Host, journal: Journal): void {
  journal.files.forEach(({ path }, n) => {
    rmSync(host.at(stagedBackup(path, journal.id, n)), { force: true });
  });
}

/** Ends a transaction's traces. The journal goes last: without it nobody would look for the rest. */
export function removeJournal(host: Host, journal: Journal): void {
  removeStagedBackups(host, journal);
  rmSync(host.at(join(PENDING, journal.id)), { force: true });
  rmSync(host.at(transactionDir(journal.id)), { recursive: true, force: true });
  if (existsSync(host.at(TRANSACTIONS))) syncDirectory(host.at(TRANSACTIONS));
}

export function readJournals(host: Host): readonly Journal[] {
  const root = host.at(TRANSACTIONS);
  if (!existsSync(root)) return [];
  return readdirSync(root)
    .sort()
    .flatMap((id) => {
      const file = join(root, id, 'journal.json');
      // Without a journal nothing had been touched: preparing was interrupted.
      if (!existsSync(file)) {
        rmSync(join(root, id), { recursive: true, force: true });
        return [];
      }
      const parsed = journalSchema.safeParse(JSON.parse(readFileSync(file, 'utf8')));
      if (parsed.success) return [parsed.data];
      throw new Refusal(
        'UnknownJournal',
        `${join(TRANSACTIONS, id)} was written by another version of the installer; run that version, or undo the change by hand: /bin/sh ${HOST.state}/bin/restore.sh ${join(TRANSACTIONS, id)} manual`,
      );
    });
}

export type Decision = 'commit' | 'rollback';

/** The decision in force: ours if nobody was faster. Anything but a whole "commit" counts as a roll-back. */
export function decide(host: Host, id: string, wanted: Decision): Decision {
  const directory = host.at(transactionDir(id));
  const mine = join(directory, `decision.${process.pid}`);
  const file = openSync(mine, 'w', 0o600);
  try {
    writeFileSync(file, `${wanted}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  try {
    linkSync(mine, join(directory, 'decision'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(mine, { force: true });
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
