import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { messageOf, Terminal } from '../errors.ts';
import { readDocuments } from './documents.ts';
import { KrmIgnore } from './krm-ignore.ts';
import { JOURNAL } from './package-journal.ts';
import { recoverAround, recoverPackage } from './package-recovery.ts';
import { isInside } from './place.ts';
import type { YamlNode } from './yaml/node.ts';
import { KnownLines } from './yaml/simple-document.ts';

export const KPTFILE = 'Kptfile';
const IGNORE_FILE = '.krmignore';
const FILES_MAX = 200_000;

export interface PackageFile {
  /** From the package, with '/'. */
  readonly path: string;
  /** As it is on the disk: what is written is compared with it. */
  readonly text: string;
  /** How many it holds. A file without any stays as it is. */
  readonly resources: number;
}

export interface Package {
  readonly directory: string;
  readonly files: readonly PackageFile[];
  readonly nodes: readonly YamlNode[];
  /** Directories below that have a Kptfile; read too where subpackages are wanted. */
  readonly subpackages: readonly string[];
}

export interface ReadOptions {
  readonly subpackages: boolean;
  /** Told where the write of an earlier run was interrupted, which is ended before anything is read. */
  say(line: string): void;
}

/**
 * Resources of a package in the order of the walk: names sorted by their bytes, a directory in the place of its name, as Go's
 * filepath.Walk has it. Each .krmignore holds for its own package only.
 */
export function readPackage(directory: string, options: ReadOptions): Package {
  const at = resolve(directory);
  if (!existsSync(at)) throw new Terminal(`${directory}: no such directory`);
  if (!statSync(at).isDirectory()) return readOneFile(realpathSync(at), options);
  recoverAround(at, options.say);
  const walk = new Walk(at, options);
  walk.directory(at, '', ignoreAt(at), at);
  return { directory: at, files: walk.files, nodes: walk.nodes, subpackages: walk.subpackages };
}

/** A file alone, whatever lies beside it; what a function makes goes beside it, too. */
function readOneFile(file: string, options: ReadOptions): Package {
  const name = basename(file);
  if (!isResourceFile(name)) throw new Terminal(`${file}: neither a directory nor a .yaml, .yml or .json file`);
  const directory = dirname(file);
  recoverPackage(directory, options.say);
  recoverAround(directory, options.say);
  const walk = new Walk(directory, options);
  walk.file(file, name, name);
  return { directory, files: walk.files, nodes: walk.nodes, subpackages: [] };
}

/** What is read as resources, and so the only files that resources may be written to. */
export function isResourceFile(name: string): boolean {
  return name === KPTFILE || /\.(ya?ml|json)$/.test(name);
}

function ignoreAt(directory: string): KrmIgnore | undefined {
  const file = join(directory, IGNORE_FILE);
  return existsSync(file) ? new KrmIgnore(readFileSync(file, 'utf8')) : undefined;
}

class Walk {
  readonly files: PackageFile[] = [];
  readonly nodes: YamlNode[] = [];
  readonly subpackages: string[] = [];
  private readonly known = new KnownLines();
  private readonly top: string;
  private readonly options: ReadOptions;

  constructor(top: string, options: ReadOptions) {
    this.top = top;
    this.options = options;
  }

  directory(directory: string, prefix: string, ignore: KrmIgnore | undefined, ignoreBase: string): void {
    for (const name of this.namesIn(directory)) {
      const at = join(directory, name);
      const path = prefix === '' ? name : `${prefix}/${name}`;
      const found = lstatSync(at);
      const isDirectory = found.isDirectory();
      if (ignore?.ignores(relative(ignoreBase, at), isDirectory)) continue;
      if (found.isSymbolicLink() && isResourceFile(name)) this.requireInside(at, path);
      if (!isDirectory) this.file(at, path, name);
      else if (!existsSync(join(at, KPTFILE))) this.directory(at, path, ignore, ignoreBase);
      else {
        this.subpackages.push(path);
        if (this.options.subpackages) this.directory(at, path, ignoreAt(at), at);
      }
    }
  }

  private namesIn(directory: string): readonly string[] {
    let names = readdirSync(directory);
    if (names.some((name) => name.startsWith(JOURNAL))) {
      recoverPackage(directory, this.options.say);
      names = readdirSync(directory);
    }
    return names.sort(byBytes);
  }

  file(at: string, path: string, name: string): void {
    if (!isResourceFile(name)) return;
    if (this.files.length >= FILES_MAX) throw new Terminal(`${this.top}: more than ${FILES_MAX} files`);
    const text = readUtf8(at);
    this.files.push({ path, text, resources: this.read(text, path, at) });
  }

  /** Somebody else's package could give a function any file of this machine. */
  private requireInside(at: string, path: string): void {
    if (!isInside(this.top, at))
      throw new Terminal(
        `${at}: a link to ${readlinkSync(at)}, out of the package; put the file here, or ${path} into ${IGNORE_FILE}`,
      );
  }

  private read(text: string, path: string, at: string): number {
    try {
      const nodes = readDocuments(text, path, this.known);
      for (const node of nodes) this.nodes.push(node);
      return nodes.length;
    } catch (error) {
      throw new Terminal(`${at}: ${messageOf(error)}`, { cause: error });
    }
  }
}

function readUtf8(file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(readFileSync(file));
  } catch (error) {
    throw new Terminal(`${file}: cannot be read as UTF-8: ${messageOf(error)}`, { cause: error });
  }
}

export function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
