import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path/posix';
import type { Change, Event, Ino, Inode, Recording } from './disk.ts';

/** The calls that change a disk, or make a change safe. All are asked for, so that an unknown one ends the reading. */
export const TRACED =
  'openat,open,creat,write,pwrite64,writev,pwritev,ftruncate,truncate,fallocate,fsync,fdatasync,sync,syncfs,rename,renameat,renameat2,link,linkat,unlink,unlinkat,mkdir,mkdirat,rmdir,symlink,symlinkat,copy_file_range,sendfile,ioctl,chmod,fchmod,fchmodat,fsetxattr';

/** Calls that differ in how they name their files. */
const SAME: Readonly<Record<string, string>> = {
  openat: 'open',
  creat: 'open',
  fdatasync: 'fsync',
  syncfs: 'sync',
  renameat: 'rename',
  renameat2: 'rename',
  linkat: 'link',
  unlinkat: 'unlink',
  rmdir: 'unlink',
  mkdirat: 'mkdir',
  symlinkat: 'symlink',
  fchmodat: 'chmod',
};

/** strace -f -y -xx, read into a recording of what happened below `roots`. */
export function readTrace(text: string, roots: readonly string[], before: Snapshot): Recording {
  const reader = new Reader(roots, before);
  for (const line of joined(text)) reader.line(line);
  return reader.recording();
}

/** A call that another thread interrupted stands on two lines. */
function* joined(text: string): Generator<string> {
  const begun = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [, pid = '', rest = ''] = /^(\d+) +(.*)$/.exec(line) ?? [];
    const unfinished = /^(.*) <unfinished \.\.\.>$/.exec(rest);
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(rest);
    if (unfinished !== null) begun.set(pid, unfinished[1] ?? '');
    else if (resumed !== null) yield (begun.get(pid) ?? '') + (resumed[1] ?? '');
    else if (rest !== '') yield rest;
  }
}

/** What was there before the run, all of it safe. */
export type Snapshot = readonly {
  readonly path: string;
  readonly kind: 'dir' | 'file' | 'link';
  readonly mode: number;
  readonly bytes: Buffer;
  readonly to: string;
}[];

export function snapshot(roots: readonly string[]): Snapshot {
  return roots.flatMap((root) => (lstatSync(root, { throwIfNoEntry: false }) === undefined ? [] : below(root)));
}

function below(path: string): Snapshot {
  const found = lstatSync(path);
  const kind = found.isDirectory() ? 'dir' : found.isSymbolicLink() ? 'link' : 'file';
  const own = {
    path,
    kind,
    mode: found.mode & 0o7777,
    bytes: kind === 'file' ? readFileSync(path) : Buffer.alloc(0),
    to: kind === 'link' ? readlinkSync(path) : '',
  } as const;
  return [own, ...(kind === 'dir' ? readdirSync(path).flatMap((name) => below(join(path, name))) : [])];
}

const bytesOf = (hex: string): Buffer => Buffer.from(hex.replaceAll('\\x', ''), 'hex');
const textOf = (printed: string): string =>
  printed.replaceAll(/\\x([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));

class Reader {
  readonly #roots: readonly string[];
  readonly #inodes = new Map<Ino, Inode>();
  readonly #names = new Map<Ino, Map<string, Ino>>();
  readonly #bytes = new Map<Ino, Buffer>();
  /** By path: strace names a descriptor by where its file is now. */
  readonly #offsets = new Map<string, number>();
  readonly #events: Event[] = [];
  readonly #initial: Change[] = [];

  constructor(roots: readonly string[], before: Snapshot) {
    this.#roots = roots;
    this.#inodes.set(0, { kind: 'dir' });
    for (const root of roots) this.#directories(dirname(root));
    for (const { path, kind, mode, bytes, to } of before) {
      if (this.#find(path) !== undefined) continue;
      const ino = this.#make(kind === 'dir' ? { kind } : kind === 'link' ? { kind, to } : { kind, mode });
      this.#begin({ kind: 'names', set: [{ ...this.#place(path), ino }] });
      if (kind === 'file') this.#begin({ kind: 'bytes', ino, bytes });
    }
  }

  recording(): Recording {
    return { inodes: this.#inodes, initial: this.#initial, events: this.#events, root: 0 };
  }

  line(line: string): void {
    const match = /^(\w+)\((.*)\) += (\S+)/.exec(line);
    if (match === null) return;
    const [, call = '', args = '', result = ''] = match;
    if (result.startsWith('-')) return;
    this.#call(call, args, result);
  }

  #call(call: string, args: string, result: string): void {
    const paths = pathsOf(args);
    const fds = [...args.matchAll(/\b\d+<([^>]*)>/g)].map(([, path]) => textOf(path ?? ''));
    const [first = '', second = ''] = paths;
    const [fd = ''] = fds;
    const calls: Readonly<Record<string, () => void>> = {
      open: () => this.#open(first, args, textOf(/<(.*)>/.exec(result)?.[1] ?? first)),
      write: () => this.#write(fd, args, false),
      pwrite64: () => this.#write(fd, args, true),
      ftruncate: () => this.#truncate(fd, Number(/, (\d+)$/.exec(args)?.[1])),
      copy_file_range: () => this.#copy(fd, fds[1] ?? '', Number(result)),
      sendfile: () => this.#copy(fds[1] ?? '', fd, Number(result)),
      ioctl: () => (/FICLONE/.test(args) ? this.#copy(fds[1] ?? '', fd, 1) : undefined),
      fsync: () => this.#sync(fd),
      sync: () => this.#events.push({ kind: 'syncAll' }),
      rename: () => this.#rename(first, second),
      link: () => this.#link(first, second),
      unlink: () => this.#name(first, undefined, `remove ${first}`),
      mkdir: () => this.#name(first, this.#make({ kind: 'dir' }), `mkdir ${first}`),
      symlink: () => this.#name(second, this.#make({ kind: 'link', to: first }), `symlink ${second}`),
      fchmod: () => this.#chmod(fd, args),
      fsetxattr: () => this.#accessList(fd, args),
      chmod: () => this.#chmod(first, args),
    };
    const known = calls[SAME[call] ?? call];
    if (known !== undefined) known();
    else if ([...fds, ...paths].some((path) => this.#isOurs(path)))
      throw new Error(`a call that is not understood: ${call}(${args.slice(0, 200)})`);
  }

  #sync(path: string): void {
    const ino = this.#find(path); // also of a directory above ours
    if (ino !== undefined) this.#events.push({ kind: 'sync', ino });
  }

  #open(path: string, args: string, opened: string): void {
    if (!this.#isOurs(path)) return;
    this.#offsets.set(opened, 0);
    const known = this.#find(path);
    if (known === undefined) {
      if (!args.includes('O_CREAT')) return;
      const mode = Number.parseInt(/, 0?([0-7]+)$/.exec(args)?.[1] ?? '644', 8) & 0o755;
      const ino = this.#make({ kind: 'file', mode });
      this.#name(path, ino, `create ${path}`);
      this.#bytes.set(ino, Buffer.alloc(0));
    } else if (args.includes('O_TRUNC')) this.#put(known, Buffer.alloc(0), `empty ${path}`);
    if (args.includes('O_APPEND')) this.#offsets.set(opened, this.#bytes.get(this.#find(path) ?? -1)?.length ?? 0);
  }

  #write(path: string, args: string, positioned: boolean): void {
    const ino = this.#isOurs(path) ? this.#find(path) : undefined;
    if (ino === undefined) return;
    if (/"\.\.\./.test(args)) throw new Error(`a write longer than strace kept: ${path}`);
    const data = bytesOf(/"([^"]*)"/.exec(args)?.[1] ?? '');
    const was = this.#bytes.get(ino) ?? Buffer.alloc(0);
    const at = positioned ? Number(/, (\d+)$/.exec(args)?.[1]) : (this.#offsets.get(path) ?? 0);
    const next = Buffer.alloc(Math.max(was.length, at + data.length));
    was.copy(next);
    data.copy(next, at);
    if (!positioned) this.#offsets.set(path, at + data.length);
    this.#put(ino, next, `write ${path}`);
  }

  #truncate(path: string, length: number): void {
    const ino = this.#isOurs(path) ? this.#find(path) : undefined;
    if (ino === undefined) return;
    const next = Buffer.alloc(length);
    (this.#bytes.get(ino) ?? Buffer.alloc(0)).copy(next);
    this.#put(ino, next, `truncate ${path}`);
  }

  #copy(from: string, to: string, count: number): void {
    const [source, target] = [this.#find(from), this.#find(to)];
    if (target === undefined || count === 0 || !this.#isOurs(to)) return;
    const bytes = (source === undefined ? undefined : this.#bytes.get(source)) ?? readFileSync(from);
    this.#put(target, bytes, `copy to ${to}`);
  }

  #rename(from: string, to: string): void {
    const ino = this.#find(from);
    if (ino === undefined || !this.#isOurs(from)) return;
    const set = [
      { ...this.#place(from), ino: undefined },
      { ...this.#place(to), ino },
    ];
    this.#change({ kind: 'names', set }, `rename ${from} to ${to}`);
  }

  #link(from: string, to: string): void {
    const ino = this.#find(from);
    if (ino !== undefined && this.#isOurs(to)) this.#name(to, ino, `link ${to}`);
  }

  #chmod(path: string, args: string): void {
    const ino = this.#isOurs(path) ? this.#find(path) : undefined;
    const mode = /, 0?([0-7]{3,5})\b/.exec(args)?.[1];
    if (ino === undefined || mode === undefined || this.#inodes.get(ino)?.kind !== 'file') return;
    this.#change({ kind: 'mode', ino, mode: Number.parseInt(mode, 8) & 0o7777 }, `chmod ${path}`);
  }

  /** How cp sets a mode: an access list of three entries, each a tag (1 owner, 4 group, 32 others), its bits and an id. */
  #accessList(path: string, args: string): void {
    const ino = this.#isOurs(path) ? this.#find(path) : undefined;
    const [name = '', value = ''] = [...args.matchAll(/"([^"]*)"/g)].map(([, hex]) => hex ?? '');
    if (ino === undefined || textOf(name) !== 'system.posix_acl_access') return;
    const list = bytesOf(value);
    let mode = 0;
    for (let at = 4; at + 8 <= list.length; at += 8) {
      const shift = { 1: 6, 4: 3, 32: 0 }[list.readUInt16LE(at)];
      if (shift !== undefined) mode |= list.readUInt16LE(at + 2) << shift;
    }
    this.#change({ kind: 'mode', ino, mode }, `chmod ${path}`);
  }

  #name(path: string, ino: Ino | undefined, what: string): void {
    if (this.#isOurs(path)) this.#change({ kind: 'names', set: [{ ...this.#place(path), ino }] }, what);
  }

  #put(ino: Ino, bytes: Buffer, what: string): void {
    this.#change({ kind: 'bytes', ino, bytes }, what);
  }

  #change(change: Change, what: string): void {
    this.#apply(change);
    this.#events.push({ kind: 'change', change, what });
  }

  #begin(change: Change): void {
    this.#apply(change);
    this.#initial.push(change);
  }

  #apply(change: Change): void {
    if (change.kind === 'bytes') this.#bytes.set(change.ino, change.bytes);
    if (change.kind !== 'names') return;
    for (const { dir, name, ino } of change.set) {
      const entries = this.#names.get(dir) ?? new Map<string, Ino>();
      this.#names.set(dir, entries);
      if (ino === undefined) entries.delete(name);
      else entries.set(name, ino);
    }
  }

  #make(inode: Inode): Ino {
    const ino = this.#inodes.size;
    this.#inodes.set(ino, inode);
    return ino;
  }

  #directories(path: string): void {
    if (path === '/' || this.#find(path) !== undefined) return;
    this.#directories(dirname(path));
    this.#begin({ kind: 'names', set: [{ ...this.#place(path), ino: this.#make({ kind: 'dir' }) }] });
  }

  #place(path: string): { readonly dir: Ino; readonly name: string } {
    const dir = this.#find(dirname(path));
    if (dir === undefined) throw new Error(`${path} is in no directory that is known`);
    return { dir, name: basename(path) };
  }

  #find(path: string): Ino | undefined {
    let ino: Ino | undefined = 0;
    for (const name of path.split('/').filter(Boolean))
      ino = ino === undefined ? undefined : this.#names.get(ino)?.get(name);
    return ino;
  }

  #isOurs(path: string): boolean {
    return this.#roots.some((root) => path === root || path.startsWith(`${root}/`));
  }
}

/** A relative path counts from the directory that strace names before it. */
function pathsOf(args: string): readonly string[] {
  return [...args.matchAll(/(?:(?:AT_FDCWD|\d+)<([^>]*)>, )?"((?:\\x[0-9a-f]{2})*)"/g)].map(([, from, path]) =>
    from === undefined ? textOf(path ?? '') : resolve(textOf(from), textOf(path ?? '')),
  );
}
