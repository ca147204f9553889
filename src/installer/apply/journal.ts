import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path/posix';
import * as z from 'zod';
import { HOST } from '../../contract.ts';
import type { Host } from '../host.ts';
import type { FileState } from '../plan/change.ts';
import { Refusal } from '../refusal.ts';
import { copySynced, makeDirectory, syncDirectory, temporaryOf, writeText } from './files.ts';

/**
 * A change under way, on the host's disk: enough for a retry to go on, and for the host's own restore script (which reads
 * the plain files: unit, reload, start, wait, boot, pod, sandbox, staging, files, directories, before/N, after/N) to undo it
 * without us.
 *
 *   prepared   nothing live was touched
 *   armed      the host's timer runs; from here on files may have been written
 *   restarting the daemon may have read them
 *   decision   commit or rollback, by hard link: made once
 *   outcome    the restore script's last word
 */
const list = <T extends z.ZodType>(item: T) => z.array(item).readonly();
const handlerSchema = z.object({
  name: z.string(),
  type: z.string(),
  systemdCgroup: z.boolean().optional(),
  options: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
});
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
  reload: z.enum(['unit', 'parentUnit', 'watched']),
  limits: z.object({ switchSeconds: z.number(), verifyMs: z.number(), restoreMs: z.number() }),
  /** Which start of the daemon the change was prepared beside. */
  start: z.string(),
  /** Where half-written files and the copies for a roll-back lie, if not beside the files: those are watched. */
  staging: z.string().optional(),
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
const ENDED = 'ended-';
/** The restore script's wait for the daemon is the longest part of its time, not all of it. */
const RESTORE_MARGIN_SECONDS = 30;
export const transactionDir = (id: string): string => join(TRANSACTIONS, id);

type Staged = Pick<Journal, 'id' | 'staging'>;
export const stagedBackup = (path: string, { id, staging }: Staged, n: number): string =>
  join(staging ?? dirname(path), `.kwasm-${id}-${n}.before`);
/** Where the new bytes of a live file are written before they take its place. */
export const stagedNew = (path: string, { staging }: Pick<Journal, 'staging'>): string =>
  temporaryOf(staging === undefined ? path : join(staging, basename(path)));

export async function writeJournal(host: Host, journal: Journal): Promise<void> {
  const at = host.at(join(transactionDir(journal.id), 'journal.json'));
  await writeText(at, `${JSON.stringify(journal, null, 1)}\n`, 0o600);
}

/** Who may roll back without a person: each finds its last word written already, for a disk that has filled up. */
const ROLLED_BACK_BY = ['installer', 'deadman', 'boot'] as const;

/**
 * Backups, the planned bytes and the journal itself, all flushed before anything live changes. The list of files comes
 * first, so that whoever finds the rest half done knows what lies beside them; the journal comes last and vouches for
 * the whole.
 */
export async function prepareJournal(
  host: Host,
  journal: Omit<Journal, 'files' | 'version' | 'stage'>,
  named: readonly JournaledFile[],
): Promise<Journal> {
  // What a link leads to is changed and put back, and the link stays.
  const files = named.map((file) => ({ ...file, path: host.resolve(file.path) }));
  const directory = host.at(transactionDir(journal.id));
  const put = (name: string, text: string) => writeText(join(directory, name), text, 0o600);
  for (const part of ['before', 'after', 'listing']) makeDirectory(join(directory, part), 0o700);
  for (const { path } of files)
    if (/[\n\r]/.test(path)) throw new Refusal('ConfigUnreadable', `a line break in the path ${JSON.stringify(path)}`);
  if (journal.staging !== undefined) await put('staging', `${journal.staging}\n`);
  await put('files', files.map(({ path, before, after }, n) => `${n} ${before.kind} ${after.kind} ${path}\n`).join(''));
  for (const [n, { path, before, after }] of files.entries()) {
    if (before.kind === 'file') {
      await copySynced(host.at(path), join(directory, 'before', String(n)));
      // Beside the file as well: putting that back is a rename, which needs no space on a full disk.
      await copySynced(host.at(path), host.at(stagedBackup(path, journal, n)));
    }
    if (after.kind === 'file') await put(join('after', String(n)), after.text);
  }
  await put('unit', `${journal.unit}\n`);
  await put('reload', `${journal.reload}\n`);
  await put('wait', `${Math.max(1, Math.round(journal.limits.restoreMs / 1000) - RESTORE_MARGIN_SECONDS)}\n`);
  await put('start', `${journal.start}\n`);
  await put('boot', `${journal.bootId}\n`);
  for (const decision of ['commit', 'rollback'] as const) await put(`decision.${decision}`, `${decision}\n`);
  for (const who of ROLLED_BACK_BY) await put(`outcome.${who}`, `rolledBack ${who}\n`);
  const undo = [...journal.createDirectories].reverse();
  if (undo.length > 0) await put('directories', `${undo.join('\n')}\n`);
  if (journal.guarded !== undefined) await put('pod', `${journal.guarded.podUid}\n`);
  const sandbox = journal.guarded?.sandbox;
  if (sandbox !== undefined) await put('sandbox', `${sandbox.pid} ${sandbox.startTicks}\n`);
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
  makeDirectory(host.at(PENDING), 0o700);
  writeFileSync(host.at(join(PENDING, id)), '');
  syncDirectory(host.at(PENDING));
}

/** What lies beside the live files, and half of a write that was cut short. */
export function removeStagedBackups(host: Host, journal: Staged & Pick<Journal, 'files'>): void {
  journal.files.forEach(({ path }, n) => {
    rmSync(host.at(stagedBackup(path, journal, n)), { force: true });
    rmSync(host.at(stagedNew(path, journal)), { force: true });
  });
  const directories = new Set(journal.files.map(({ path }) => host.at(journal.staging ?? dirname(path))));
  for (const directory of directories) if (existsSync(directory)) syncDirectory(directory);
}

/**
 * Ends a transaction's traces. The journal goes last, since without it nobody would look for the rest; and it goes in one
 * rename, since half a journal would say something else than the whole: without its decision, a commit is an open change.
 */
export function removeJournal(host: Host, journal: Staged & Pick<Journal, 'files'>): void {
  removeStagedBackups(host, journal);
  rmSync(host.at(join(PENDING, journal.id)), { force: true });
  if (existsSync(host.at(PENDING))) syncDirectory(host.at(PENDING));
  const directory = host.at(transactionDir(journal.id));
  if (!existsSync(directory)) return;
  renameSync(directory, host.at(join(HOST.state, `${ENDED}${journal.id}`)));
  syncDirectory(host.at(HOST.state));
  syncDirectory(host.at(TRANSACTIONS));
  removeEnded(host);
}

function removeEnded(host: Host): void {
  const state = host.at(HOST.state);
  if (!existsSync(state)) return;
  const ended = readdirSync(state).filter((name) => name.startsWith(ENDED));
  for (const name of ended) rmSync(join(state, name), { recursive: true, force: true });
}

export function readJournals(host: Host): readonly Journal[] {
  removeEnded(host);
  const root = host.at(TRANSACTIONS);
  if (!existsSync(root)) return [];
  return readdirSync(root)
    .sort()
    .flatMap((id) => {
      const file = join(root, id, 'journal.json');
      const undone = readLine(join(root, id, 'outcome'))?.startsWith('rolledBack') ?? false;
      if (existsSync(file)) {
        try {
          return [parseJournal(id, readFileSync(file, 'utf8'))];
        } catch (error) {
          if (!undone) throw error;
        }
      }
      // Without a journal nothing had been touched: preparing was interrupted. One that cannot be read says as little once
      // the host has undone it, by its timer or by a person's hand.
      removeJournal(host, {
        id,
        staging: readLine(join(root, id, 'staging')),
        files: listedFiles(join(root, id, 'files')),
      });
      return [];
    });
}

function parseJournal(id: string, text: string): Journal {
  try {
    return journalSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new Refusal(
      'UnknownJournal',
      `${join(TRANSACTIONS, id)} was written by another version of the installer; run that version, or undo the change by hand: /bin/sh ${HOST.state}/bin/restore.sh ${join(TRANSACTIONS, id)} manual`,
      { cause },
    );
  }
}

function readLine(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, 'utf8').trim() : undefined;
}

/** As the restore script reads it. */
function listedFiles(list: string): Journal['files'] {
  if (!existsSync(list)) return [];
  return readFileSync(list, 'utf8')
    .split('\n')
    .flatMap((line) => {
      const [, before, after, path] = /^\d+ (\w+) (\w+) (.+)$/.exec(line) ?? [];
      return before === undefined || after === undefined || path === undefined ? [] : [{ path, before, after }];
    });
}

/** The live files hold exactly what was planned: nobody has written to them since. */
export function areAsPlanned(host: Host, journal: Pick<Journal, 'id' | 'files'>): boolean {
  return journal.files.every(({ path, after }, n) => {
    const at = host.at(path);
    if (after === 'absent' || !existsSync(at)) return (after === 'absent') === !existsSync(at);
    return readFileSync(at).equals(readFileSync(host.at(join(transactionDir(journal.id), 'after', String(n)))));
  });
}
