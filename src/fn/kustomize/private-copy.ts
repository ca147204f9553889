import { constants, type Dirent } from 'node:fs';
import { copyFile, mkdir, readdir, readlink, stat, symlink } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative } from 'node:path';
import { Terminal } from '../../errors.ts';

const FILES_MAX = 50_000;
const BYTES_MAX = 1024 * 1024 * 1024;

/**
 * A copy of directories under another one, each at its path from `base`, so that every way between them is as it was: kustomize
 * follows relative paths and refuses links that lead out of a kustomization.
 */
export class PrivateCopy {
  readonly dir: string;
  readonly #base: string;
  readonly #copied: string[] = [];
  #files = 0;
  #bytes = 0;

  constructor(dir: string, base = '/') {
    this.dir = dir;
    this.#base = base;
  }

  of(path: string): string {
    return join(this.dir, relative(this.#base, path));
  }

  /** Where a path in the copy was copied from. */
  from(path: string): string {
    return path === this.dir || path.startsWith(`${this.dir}/`) ? join(this.#base, path.slice(this.dir.length)) : path;
  }

  async addDirectory(path: string): Promise<void> {
    if (this.#copied.some((done) => path === done || path.startsWith(`${done}/`))) return;
    this.#copied.push(path);
    await mkdir(this.of(path), { recursive: true });
    for (const entry of await readdir(path, { withFileTypes: true })) await this.#entry(path, entry);
  }

  async addFile(path: string): Promise<void> {
    await mkdir(dirname(this.of(path)), { recursive: true });
    await this.#file(path);
  }

  async #entry(parent: string, entry: Dirent): Promise<void> {
    const path = join(parent, entry.name);
    // A repository's history is nothing to build from, and may be larger than all of its files.
    if (entry.isDirectory() && entry.name !== '.git') await this.addDirectoryInside(path);
    else if (entry.isFile()) await this.#file(path);
    else if (entry.isSymbolicLink()) {
      const target = await readlink(path);
      await symlink(isAbsolute(target) ? this.of(target) : target, this.of(path)).catch(ignoreExisting);
    }
  }

  async addDirectoryInside(path: string): Promise<void> {
    await mkdir(this.of(path), { recursive: true });
    for (const entry of await readdir(path, { withFileTypes: true })) await this.#entry(path, entry);
  }

  async #file(path: string): Promise<void> {
    this.#files += 1;
    this.#bytes += (await stat(path)).size;
    if (this.#files > FILES_MAX || this.#bytes > BYTES_MAX) {
      throw new Terminal(
        `${this.#copied.join(', ')}: more than ${FILES_MAX} files or ${BYTES_MAX} bytes; the private copy that a build with Wasm functions works on is not made larger. Move the kustomization below a directory of its own`,
      );
    }
    await copyFile(path, this.of(path), constants.COPYFILE_FICLONE);
  }
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error;
}
