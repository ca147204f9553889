import { readFile, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Terminal } from '../../errors.ts';
import { type FunctionDocument, functionDocuments, isInline } from './function-documents.ts';
import { type Entry, isFunctionField, type KustomizationFile, readKustomization } from './kustomization-file.ts';

/** Everything that a build of one directory reaches, as far as it can bring functions in. */
export interface Tree {
  /** Real paths of kustomizations, the built one first. */
  readonly roots: readonly string[];
  readonly places: readonly FunctionPlace[];
  /** Entries that are neither file nor directory here: kustomize would fetch them. */
  readonly remote: readonly string[];
  /** Files outside their kustomization that it names; only kustomize's LoadRestrictionsNone lets it read them. */
  readonly outside: readonly string[];
}

/** A text that holds functions: a file of its own, or an entry of a kustomization. */
export interface FunctionPlace {
  readonly file: string;
  /** In a kustomization: which entry. */
  readonly entry: Entry | undefined;
  readonly kustomization: KustomizationFile | undefined;
  readonly text: string;
  /** Each is the working directory of its function. */
  readonly namedBy: readonly Namer[];
  readonly functions: readonly FunctionDocument[];
}

/** A kustomization that names functions. */
export interface Namer {
  readonly dir: string;
  /** Under `validators`. */
  readonly validates: boolean;
}

type Role = 'resource' | 'function';

const DIRECTORIES_MAX = 5_000;

/**
 * Fields of a kustomization whose resources are functions that leave them what they are. With others in it, transformers say,
 * what kustomize runs in the end could be another function than the one that was read.
 */
const PLAIN = ['apiversion', 'kind', 'metadata', 'resources', 'bases', 'nameprefix', 'namesuffix', 'namespace'];

export async function readTree(dir: string, allowChangedFunctions: boolean): Promise<Tree> {
  const walk = new Walk(allowChangedFunctions);
  await walk.directory(await realpath(dir), 'resource', undefined);
  return walk.result();
}

class Walk {
  readonly #allowChangedFunctions: boolean;
  readonly #seen = new Set<string>();
  readonly #roots = new Set<string>();
  readonly #places = new Map<string, FunctionPlace>();
  readonly #remote: string[] = [];
  readonly #outside = new Set<string>();
  readonly #resources = new Set<string>();

  constructor(allowChangedFunctions: boolean) {
    this.#allowChangedFunctions = allowChangedFunctions;
  }

  result(): Tree {
    for (const { file, entry, functions } of this.#places.values()) {
      if (entry === undefined && this.#resources.has(file) && functions.some(({ spec }) => spec.kind === 'wasip1')) {
        throw new Terminal(`${file} is a function in one kustomization and a resource in another; have two files`);
      }
    }
    return {
      roots: [...this.#roots],
      places: [...this.#places.values()],
      remote: this.#remote,
      outside: [...this.#outside],
    };
  }

  /** `user`: the kustomization whose functions this directory's resources are. */
  async directory(root: string, role: Role, user: Namer | undefined): Promise<void> {
    const key = JSON.stringify([role, user, root]);
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    if (this.#seen.size > DIRECTORIES_MAX) throw new Terminal(`${root}: more than ${DIRECTORIES_MAX} kustomizations`);
    this.#roots.add(root);
    const kustomization = await readKustomization(root);
    if (kustomization === undefined) return;
    const changing = kustomization.fields.find((field) => !PLAIN.includes(field));
    if (role === 'function' && changing !== undefined && !this.#allowChangedFunctions) {
      throw new Terminal(
        `${kustomization.file}: '${changing}' can make other functions of the ones that are named here; name the functions' files in the kustomization that uses them, or allow native functions with --enable-alpha-plugins --enable-exec`,
      );
    }
    for (const entry of kustomization.entries) await this.#entry(kustomization, entry, root, role, user);
  }

  async #entry(kustomization: KustomizationFile, entry: Entry, root: string, role: Role, user: Namer | undefined) {
    const calls = isFunctionField(entry.field);
    if (calls && isInline(entry.value)) return this.#inline(kustomization, entry, root);
    const path = await real(join(root, entry.value));
    if (path === undefined || /^[a-z+]+:\/\//i.test(entry.value)) {
      this.#remote.push(`${kustomization.file}: ${entry.field}: ${entry.value}`);
      return;
    }
    const namer = calls ? namerOf(entry, root) : user;
    const acts: Role = calls ? 'function' : role;
    if (path.kind === 'directory') return this.directory(path.path, acts, namer);
    if (!path.path.startsWith(`${root}/`)) this.#outside.add(path.path);
    if (acts === 'function' && namer !== undefined) await this.#file(path.path, namer);
    else this.#resources.add(path.path);
  }

  #inline(kustomization: KustomizationFile, entry: Entry, root: string): void {
    const { file } = kustomization;
    const functions = functionDocuments(entry.value, `${file}, ${entry.field}`);
    const place = { file, entry, kustomization, text: entry.value, namedBy: [namerOf(entry, root)], functions };
    this.#places.set(`${file} ${entry.start}`, place);
  }

  async #file(file: string, namer: Namer): Promise<void> {
    const earlier = this.#places.get(file);
    if (earlier !== undefined) {
      const again = earlier.namedBy.find(({ dir }) => dir === namer.dir);
      if (again === undefined) this.#places.set(file, { ...earlier, namedBy: [...earlier.namedBy, namer] });
      else if (again.validates !== namer.validates) {
        throw new Terminal(`${file} is a validator of ${namer.dir} and more than that; have two files`);
      }
      return;
    }
    const text = await readFile(file, 'utf8');
    const functions = functionDocuments(text, file);
    this.#places.set(file, { file, entry: undefined, kustomization: undefined, text, namedBy: [namer], functions });
  }
}

function namerOf({ field }: Entry, dir: string): Namer {
  return { dir, validates: field === 'validators' };
}

async function real(path: string): Promise<{ readonly kind: 'file' | 'directory'; readonly path: string } | undefined> {
  try {
    const resolved = await realpath(path);
    return { kind: (await stat(resolved)).isDirectory() ? 'directory' : 'file', path: resolved };
  } catch {
    return undefined;
  }
}
