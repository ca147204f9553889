import { linkSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { crc32 } from 'node:zlib';
import { Terminal } from '../errors.ts';
import { flushNames, writeFlushed } from './flushed.ts';

/**
 * What a write of a package is about to change, told before the first change and taken away after the last. A process that is killed on the way leaves it
 * behind, and the next command puts the package back by it (package-recovery.ts). Its last line says that everything is in place.
 */
export const JOURNAL = '.kwasm-journal';

const DONE = 'done\n';

export interface Journal {
  readonly version: 1;
  readonly owner: { readonly pid: number; readonly startedAt: string };
  readonly changes: readonly Change[];
  /** Directories that are made for it, the outer ones first. */
  readonly directories: readonly string[];
}

/** The path is from the package; `becomes` is the checksum of the new text, null where the file goes. */
export interface Change {
  readonly path: string;
  readonly wasThere: boolean;
  readonly becomes: string | null;
}

export type ReadJournal =
  | { readonly kind: 'none' }
  | { readonly kind: 'journal'; readonly journal: Journal; readonly done: boolean };

export function readJournal(top: string): ReadJournal {
  const file = join(top, JOURNAL);
  const text = readIfThere(file);
  if (text === undefined) return { kind: 'none' };
  const end = text.indexOf('\n');
  const parsed = jsonOf(text.slice(0, Math.max(end, 0)));
  if (!isJournal(parsed)) throw new Terminal(`${file}: is no journal of this kwasm; look at it, then remove it`);
  return { kind: 'journal', journal: parsed, done: text.slice(end + 1) === DONE };
}

/** Throws where one is there: two writers at one time would undo each other. */
export function beginJournal(top: string, plan: Omit<Journal, 'version' | 'owner'>): Journal {
  const journal: Journal = { version: 1, owner: { pid: process.pid, startedAt: startOf(process.pid) }, ...plan };
  const file = join(top, JOURNAL);
  const whole = `${file}.${process.pid}`;
  rmSync(whole, { force: true });
  writeFlushed(whole, `${JSON.stringify(journal)}\n`, { flags: 'wx', mode: 0o600 });
  try {
    linkSync(whole, file); // whole at once, and only where there is none
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') throw new Terminal(`${file}: another kwasm writes to this package`, { cause: error });
    renameSync(whole, file); // a file system without hard links
  } finally {
    rmSync(whole, { force: true });
  }
  flushNames([top]);
  return journal;
}

/** When the changes are on the disk. */
export function markDone(top: string): void {
  writeFlushed(join(top, JOURNAL), DONE, { flags: 'a' });
}

/** When what was done about the changes is on the disk: without a journal nobody looks after them any more. */
export function endJournal(top: string, journal: Journal): void {
  flushChanges(top, journal);
  rmSync(join(top, JOURNAL), { force: true });
}

/** The names of what has been changed so far, beside it, and of new directories. */
export function flushChanges(top: string, { changes, directories }: Journal): void {
  flushNames([...changes.map(({ path }) => path), ...directories].map((path) => dirname(join(top, path))));
}

/** Where the new text waits, and where what was there before is kept, beside the file itself: a rename stays on one file system. */
export function besideOf(target: string, { owner }: Journal): { readonly fresh: string; readonly old: string } {
  return { fresh: `${target}.kwasm-${owner.pid}.new`, old: `${target}.kwasm-${owner.pid}.old` };
}

export function isRunning({ pid, startedAt }: Journal['owner']): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  return startOf(pid) === startedAt;
}

/** In ticks since boot (proc(5)), which tells a process from a later one of the same number; '' where the system does not say. */
export function startOf(pid: number): string {
  const stat = readIfThere(`/proc/${pid}/stat`) ?? '';
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}

/**
 * Tells what we wrote from what a person has made of it, in bytes and their CRC-32: whoever wants to deceive us may write to the package anyway. A digest needs
 * node:crypto, which costs each command over a package more than 1 MB and a thirtieth of its time.
 */
export function checksumOf(bytes: Buffer): string {
  return `${bytes.length}-${crc32(bytes)}`;
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH') return undefined;
    throw error;
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** By hand: every command over a package imports this file, and loading a schema library costs more than reading a package. */
function isJournal(value: unknown): value is Journal {
  if (!isRecord(value) || value['version'] !== 1) return false;
  const { owner, changes, directories } = value;
  return (
    isRecord(owner) &&
    Number.isSafeInteger(owner['pid']) &&
    Number(owner['pid']) > 0 &&
    typeof owner['startedAt'] === 'string' &&
    Array.isArray(changes) &&
    changes.every(isChange) &&
    Array.isArray(directories) &&
    directories.every((path) => typeof path === 'string')
  );
}

function isChange(value: unknown): value is Change {
  if (!isRecord(value)) return false;
  const { path, wasThere, becomes } = value;
  return (
    typeof path === 'string' &&
    typeof wasThere === 'boolean' &&
    (becomes === null || (typeof becomes === 'string' && /^\d+-\d+$/.test(becomes)))
  );
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
