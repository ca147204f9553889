import { linkSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** One call that changes a directory, by paths from it; the directory itself is ''. */
export type FileChange =
  | { readonly kind: 'write' | 'append'; readonly path: string; readonly text: string }
  | { readonly kind: 'link' | 'rename'; readonly from: string; readonly path: string }
  | { readonly kind: 'remove' | 'directory' | 'flush'; readonly path: string };

/** A file, under however many names: what a reader sees, and what is on the disk for certain. */
interface File {
  now: string;
  flushed: string;
}

/** Names of a directory that come, or go where there is no file, at once. */
interface Entry {
  readonly directory: string;
  readonly names: readonly (readonly [path: string, file: File | 'directory' | undefined])[];
}

/**
 * What POSIX promises of a disk when the power goes: a text once its file is flushed, a name once its directory is. What was not may have arrived all the same, each
 * name by itself, in any order; a text that was not flushed may be what it was, or nothing. File systems are kinder than that, each in its own way.
 */
export class Disk {
  private readonly seen = new Map<string, File | 'directory'>();
  private readonly certain = new Map<string, File | 'directory'>();
  private pending: Entry[] = [];

  constructor(tree: Readonly<Record<string, string>>) {
    for (const [path, text] of Object.entries(tree)) {
      const file = { now: text, flushed: text };
      for (const map of [this.seen, this.certain]) {
        for (let at = dirname(path); at !== '.'; at = dirname(at)) map.set(at, 'directory');
        map.set(path, file);
      }
    }
  }

  take(change: FileChange): void {
    const { kind, path } = change;
    if (kind === 'flush') this.flush(path);
    if (kind === 'directory') this.enter(path, 'directory');
    if (kind === 'remove') this.enter(path, undefined);
    if (kind === 'link') this.enter(path, this.seen.get(change.from));
    if (kind === 'rename') this.rename(change.from, path);
    if (kind === 'write' || kind === 'append') this.fill(path, change.text, kind === 'append');
  }

  /** How many names are on their way. */
  get open(): number {
    return this.pending.length;
  }

  /** What is there after a power cut at this moment, where these of the open names had arrived. */
  write(directory: string, arrived: (open: number) => boolean): void {
    const left = new Map(this.certain);
    for (const [i, entry] of this.pending.entries()) if (arrived(i)) put(left, entry);
    const written = new Map<File, string>();
    const made = new Set(['.']);
    for (const [path, file] of [...left].sort(([a], [b]) => (a < b ? -1 : 1))) {
      if (!made.has(dirname(path))) continue;
      const at = join(directory, path);
      if (file === 'directory') mkdirSync(at);
      else if (written.has(file)) linkSync(written.get(file) ?? '', at);
      else writeFileSync(at, file.flushed);
      if (file === 'directory') made.add(path);
      else if (!written.has(file)) written.set(file, at);
    }
  }

  private fill(path: string, text: string, isBehind: boolean): void {
    const there = this.seen.get(path);
    if (typeof there === 'object') there.now = isBehind ? there.now + text : text;
    else this.enter(path, { now: text, flushed: '' });
  }

  private rename(from: string, to: string): void {
    const file = this.seen.get(from);
    if (file === this.seen.get(to)) return; // two names of one file (rename(2))
    if (dirname(from) !== dirname(to)) throw new RangeError(`${from} to ${to}: of one directory only`);
    const names = [
      [to, file],
      [from, undefined],
    ] as const;
    this.come({ directory: dirname(to), names });
  }

  private enter(path: string, file: File | 'directory' | undefined): void {
    if (this.seen.get(path) !== file) this.come({ directory: dirname(path), names: [[path, file]] });
  }

  private come(entry: Entry): void {
    put(this.seen, entry);
    this.pending.push(entry);
  }

  private flush(path: string): void {
    const file = this.seen.get(path);
    if (typeof file === 'object') file.flushed = file.now;
    const isIn = (entry: Entry) => entry.directory === (path === '' ? '.' : path);
    for (const entry of this.pending) if (isIn(entry)) put(this.certain, entry);
    this.pending = this.pending.filter((entry) => !isIn(entry));
  }
}

function put(map: Map<string, File | 'directory'>, { names }: Entry): void {
  for (const [path, file] of names) {
    if (file === undefined) map.delete(path);
    else map.set(path, file);
  }
}
