import {
  closeSync,
  existsSync,
  fchmodSync,
  lstatSync,
  mkdirSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, isAbsolute, join, relative, sep } from 'node:path';
import { messageOf, Terminal } from '../errors.ts';

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
 * Writes all of it or nothing. New texts go to files beside their targets first, where a full disk or a missing right shows; then
 * each target is kept aside, and replaced by a rename; deletions are last. An error on the way puts back what was there.
 */
export function applyChanges(directory: string, changes: Changes): void {
  const transaction = new Transaction(realpathSync(directory));
  try {
    for (const [path, text] of changes.writes) transaction.stage(path, text);
    transaction.replaceAll();
    for (const path of changes.deletes) transaction.remove(path);
  } catch (error) {
    const kept = transaction.rollBack();
    const hint = kept.length === 0 ? 'nothing was changed' : `could not put back: ${kept.join(', ')}`;
    throw new Terminal(`${directory}: not written, ${hint}: ${messageOf(error)}`, { cause: error });
  }
  transaction.forget();
}

interface Staged {
  readonly target: string;
  readonly temporary: string;
}

const SUFFIX = `.kwasm-${process.pid}`;

class Transaction {
  private readonly top: string;
  private readonly staged: Staged[] = [];
  private readonly madeDirectories: string[] = [];
  /** What was at a path before; undefined where nothing was. In the order of the changes. */
  private readonly undo: { readonly target: string; readonly aside: string | undefined }[] = [];

  constructor(top: string) {
    this.top = top;
  }

  stage(path: string, text: string): void {
    const target = this.inside(path);
    this.makeDirectory(dirname(target));
    const temporary = `${target}${SUFFIX}.new`;
    const known = existsSync(target);
    const mode = known ? statSync(target).mode & 0o777 : 0o666;
    const file = openSync(temporary, 'wx', mode);
    this.staged.push({ target, temporary });
    try {
      writeFileSync(file, text);
      if (known) fchmodSync(file, mode);
    } finally {
      closeSync(file);
    }
  }

  replaceAll(): void {
    for (const { target, temporary } of this.staged) {
      this.keepAside(target);
      renameSync(temporary, target);
    }
  }

  remove(path: string): void {
    const target = this.inside(path);
    if (existsSync(target)) this.keepAside(target);
  }

  private keepAside(target: string): void {
    if (!existsSync(target)) {
      this.undo.push({ target, aside: undefined });
      return;
    }
    const aside = `${target}${SUFFIX}.old`;
    renameSync(target, aside);
    this.undo.push({ target, aside });
  }

  /** Returns what could not be put back. */
  rollBack(): readonly string[] {
    const failed: string[] = [];
    for (const { target, aside } of this.undo.reverse()) {
      try {
        if (aside === undefined) rmSync(target, { force: true });
        else renameSync(aside, target);
      } catch {
        failed.push(aside ?? target);
      }
    }
    for (const { temporary } of this.staged) rmSync(temporary, { force: true });
    for (const directory of this.madeDirectories.reverse()) rmSync(directory, { recursive: true, force: true });
    return failed;
  }

  /** All is done: what was kept aside goes. */
  forget(): void {
    for (const { aside } of this.undo) if (aside !== undefined) rmSync(aside, { force: true });
  }

  private makeDirectory(directory: string): void {
    if (existsSync(directory)) return;
    this.makeDirectory(dirname(directory));
    mkdirSync(directory);
    this.madeDirectories.push(directory);
  }

  /** The real place of a path, which links must not lead out of the package. */
  private inside(path: string): string {
    const target = realPath(join(this.top, path));
    const from = relative(this.top, target);
    if (from === '..' || from.startsWith(`..${sep}`) || isAbsolute(from))
      throw new Terminal(`function must not modify resources outside of package: resource has path ${path}`);
    if (existsSync(target) && lstatSync(target).isDirectory()) throw new Terminal(`${path} is a directory`);
    return target;
  }
}

/** Links resolved as far as the path exists. */
function realPath(path: string): string {
  if (existsSync(path)) return realpathSync(path);
  const parent = dirname(path);
  return parent === path ? path : join(realPath(parent), path.slice(parent.length + (parent.endsWith(sep) ? 0 : 1)));
}

/** Files into a new directory, which is not there when something fails. */
export function writeNewDirectory(directory: string, files: ReadonlyMap<string, string>): void {
  if (existsSync(directory))
    throw new Terminal(`directory ${JSON.stringify(directory)} already exists, delete it and try again`);
  const building = `${directory}${SUFFIX}.new`;
  try {
    mkdirSync(building, { recursive: true });
    for (const [path, text] of files) {
      mkdirSync(dirname(join(building, path)), { recursive: true });
      writeFileSync(join(building, path), text);
    }
    renameSync(building, directory);
  } catch (error) {
    rmSync(building, { recursive: true, force: true });
    throw new Terminal(`${directory}: not written: ${messageOf(error)}`, { cause: error });
  }
}
