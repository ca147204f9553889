import { existsSync, mkdirSync, realpathSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { messageOf, Terminal } from '../errors.ts';
import { writeFlushed } from './flushed.ts';
import {
  beginJournal,
  besideOf,
  type Change,
  checksumOf,
  endJournal,
  flushChanges,
  type Journal,
  markDone,
} from './package-journal.ts';
import { keepBeside, undo } from './package-recovery.ts';
import { placeInside } from './place.ts';

/** What is to become of a package's files. A file that is to be what it is already is in neither. */
export interface Changes {
  readonly writes: ReadonlyMap<string, string>;
  readonly deletes: readonly string[];
}

export function changesBetween(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): Changes {
  const writes = new Map<string, string>();
  for (const [path, text] of after) if (before.get(path) !== text) writes.set(path, text);
  return { writes, deletes: [...before.keys()].filter((path) => !after.has(path)) };
}

/**
 * Writes all of it or nothing, also when it is killed on the way or the power goes: first a journal of what will change; then new texts go to files beside their targets,
 * where a full disk or a missing right shows, and what was there gets a second name; then each is renamed over its target; deletions are last. Each part is on the disk
 * before the next one begins. An error on the way puts back what was there.
 */
export function applyChanges(directory: string, { writes, deletes }: Changes): void {
  if (writes.size === 0 && deletes.length === 0) return;
  const top = realpathSync(directory);
  const journal = begin(top, planOf(top, writes, deletes));
  try {
    for (const path of journal.directories) mkdirSync(join(top, path));
    const texts = [...writes.values()];
    for (const [i, text] of texts.entries()) stage(top, journal, journal.changes[i], text);
    for (const change of journal.changes) keepOld(top, journal, change);
    flushChanges(top, journal);
    for (const change of journal.changes) replace(top, journal, change);
    flushChanges(top, journal);
  } catch (error) {
    throw new Terminal(`${directory}: not written, ${undone(top, journal)}: ${messageOf(error)}`, { cause: error });
  }
  markDone(top);
  for (const { path } of journal.changes) rmSync(besideOf(join(top, path), journal).old, { force: true });
  endJournal(top, journal);
}

/** What has become of it, in words. */
function undone(top: string, journal: Journal): string {
  try {
    const told = undo(top, journal);
    endJournal(top, journal);
    return told.length === 0 ? 'nothing was changed' : told.join('; ');
  } catch (error) {
    return messageOf(error);
  }
}

function begin(top: string, plan: Parameters<typeof beginJournal>[1]): Journal {
  try {
    return beginJournal(top, plan);
  } catch (error) {
    if (error instanceof Terminal) throw error;
    throw new Terminal(`${top}: not written, nothing was changed: ${messageOf(error)}`, { cause: error });
  }
}

/** The writes in their order, then the deletions. */
function planOf(top: string, writes: Changes['writes'], deletes: Changes['deletes']) {
  const directories = new Set<string>();
  const changes: Change[] = [];
  for (const [path, text] of writes) {
    const target = placeInside(top, path);
    for (const missing of missingAbove(dirname(target))) directories.add(relative(top, missing));
    changes.push({ path: relative(top, target), wasThere: existsSync(target), becomes: checksumOf(Buffer.from(text)) });
  }
  for (const path of deletes) {
    const target = placeInside(top, path);
    if (existsSync(target)) changes.push({ path: relative(top, target), wasThere: true, becomes: null });
  }
  return { changes, directories: [...directories] };
}

/** The outer ones first. */
function missingAbove(directory: string): readonly string[] {
  return existsSync(directory) ? [] : [...missingAbove(dirname(directory)), directory];
}

function stage(top: string, journal: Journal, change: Change | undefined, text: string): void {
  if (change === undefined) throw new RangeError('a write without a change');
  const target = join(top, change.path);
  const { fresh } = besideOf(target, journal);
  const mode = change.wasThere ? statSync(target).mode & 0o777 : 0o666;
  rmSync(fresh, { force: true });
  writeFlushed(fresh, text, { flags: 'wx', mode, exactMode: change.wasThere });
}

function keepOld(top: string, journal: Journal, { path, wasThere }: Change): void {
  const target = join(top, path);
  if (wasThere) keepBeside(target, besideOf(target, journal).old);
}

function replace(top: string, journal: Journal, { path, becomes }: Change): void {
  const target = join(top, path);
  const { fresh } = besideOf(target, journal);
  if (becomes !== null) renameSync(fresh, target);
  else rmSync(target, { force: true });
}
