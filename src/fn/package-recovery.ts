import {
  existsSync,
  linkSync,
  lstatSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmdirSync,
  rmSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { messageOf, Terminal } from '../errors.ts';
import {
  besideOf,
  type Change,
  checksumOf,
  endJournal,
  isRunning,
  JOURNAL,
  type Journal,
  readJournal,
  startOf,
} from './package-journal.ts';
import { anyPlaceInside, placeInside } from './place.ts';

/**
 * Ends what a killed process began: a package is as it was before, or as it was to be. Undone and not completed, since whoever comes next comes to run its
 * functions again, and a file that was mended by hand meanwhile is worth more than what a function made. Each step may be interrupted and done again.
 */
export function recoverPackage(directory: string, say: (line: string) => void): void {
  const top = realpathSync(directory);
  for (const name of readdirSync(top)) if (name.startsWith(`${JOURNAL}.`)) dropBegun(top, name);
  const found = readJournal(top);
  if (found.kind === 'none') return;
  if (!isOurs(top))
    throw new Terminal(`${join(top, JOURNAL)}: a write that was interrupted; its user's kwasm has to end it`);
  const { journal, done } = found;
  if (isRunning(journal.owner))
    throw new Terminal(`${directory}: another kwasm (process ${journal.owner.pid}) writes to this package`);
  const left = done ? forgetOld(top, journal) : undo(top, journal);
  endJournal(top, journal);
  const what = done ? 'is complete; it was interrupted at its very end' : 'was interrupted and has been undone';
  say(`${directory}: the write of an earlier run ${what}`);
  for (const line of left) say(line);
}

/** A journal that was never begun: its writer was killed before anything else. */
function dropBegun(top: string, name: string): void {
  const pid = Number(name.slice(JOURNAL.length + 1));
  if (pid !== process.pid && !isRunning({ pid, startedAt: startOf(pid) })) rmSync(join(top, name), { force: true });
}

/** Also of directories around: a write of a package changes those below it. */
export function recoverAround(directory: string, say: (line: string) => void): void {
  for (let at = dirname(realpathSync(directory)); ; at = dirname(at)) {
    if (isOurs(at)) recoverPackage(at, say);
    if (dirname(at) === at) return;
  }
}

/** A journal that another user left in a directory around, such as /tmp, is not ours to follow. */
function isOurs(directory: string): boolean {
  try {
    return lstatSync(join(directory, JOURNAL)).uid === (process.getuid?.() ?? -1);
  } catch {
    return false;
  }
}

function forgetOld(top: string, journal: Journal): readonly string[] {
  for (const { path } of journal.changes) {
    const { fresh, old } = besideOf(placeInside(top, path), journal);
    for (const file of [fresh, old]) removeFile(file);
  }
  return [];
}

/** Returns what a person should know; throws, when all else has been done, where something could not be put back: the journal is to stay then. */
export function undo(top: string, journal: Journal): readonly string[] {
  const told: string[] = [];
  const failed: string[] = [];
  for (const change of journal.changes.toReversed()) {
    try {
      told.push(...undoOne(top, change, journal));
    } catch (error) {
      failed.push(`${change.path}: ${messageOf(error)}`);
    }
  }
  if (failed.length > 0) throw new Terminal(`could not put back ${failed.join('; ')}`);
  for (const path of journal.directories.toReversed()) removeEmpty(anyPlaceInside(top, path));
  return told;
}

function undoOne(top: string, change: Change, journal: Journal): readonly string[] {
  const target = placeInside(top, change.path);
  const { fresh, old } = besideOf(target, journal);
  removeFile(fresh);
  if (!change.wasThere) {
    if (isNow(target, change.becomes)) rmSync(target);
    return [];
  }
  if (!existsSync(old)) return [];
  if (!existsSync(target) || isNow(target, change.becomes)) putBack(old, target);
  else if (readFileSync(target).equals(readFileSync(old))) rmSync(old);
  else return [`${change.path}: was changed since, and stays; what was there before is ${old}`];
  return [];
}

function putBack(old: string, target: string): void {
  renameSync(old, target);
  rmSync(old, { force: true }); // two names of one file: then a rename does nothing (rename(2))
}

function isNow(target: string, checksum: string | null): boolean {
  return checksum !== null && existsSync(target) && checksumOf(readFileSync(target)) === checksum;
}

/** What is below something that is no directory is not there, either. */
function removeFile(file: string): void {
  if (existsSync(file)) rmSync(file);
}

function removeEmpty(directory: string): void {
  try {
    rmdirSync(directory);
  } catch {
    return; // it was not made yet, or something else is in it by now
  }
}

/** A second name for what is there, so that a reader finds one text or the other and never none. */
export function keepBeside(target: string, old: string): void {
  rmSync(old, { force: true });
  try {
    linkSync(target, old);
  } catch {
    renameSync(target, old); // a file system without hard links
  }
}
