import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { FuncError } from '../func-error.ts';
import { type ScaffoldFile, scaffoldFiles } from '../scaffold.ts';

export interface GoProgram {
  /** Where its files lie; what is built may lie there, too. */
  readonly directory: string;
  readonly flags: readonly string[];
  /** For `go build`, in the project. */
  readonly target: string;
}

/** What the scaffold imports in place of the author's package. */
const PLACEHOLDER = '"kwasm.sh/function"';

/**
 * The author writes a package, as with func; the program around it is ours. Its files lie in .func, where no Go tool looks, and an overlay puts
 * them into the author's module, so that it needs no go.mod and no versions of its own.
 * Equal sources make equal bytes: no path, no state of a repository and no identity of the build is in them.
 */
export async function goProgram(
  folder: string,
  module: string,
  kind: 'component' | 'native',
  wanted: (file: ScaffoldFile) => boolean = () => true,
): Promise<GoProgram> {
  const directory = resolve(folder, '.func', 'go', kind);
  const name = `kwasm-${kind}`;
  if (existsSync(resolve(folder, name)))
    throw new FuncError('input', `${resolve(folder, name)} is in the way: kwasm func builds a package of that name`);
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true });
  const replaced: Record<string, string> = {};
  for (const file of scaffoldFiles('go-wasi', kind).filter(wanted)) {
    const path = join(directory, file.name);
    await writeFile(path, file.text.replace(PLACEHOLDER, JSON.stringify(module)));
    replaced[resolve(folder, name, file.name)] = path;
  }
  const overlay = join(directory, 'overlay.json');
  await writeFile(overlay, JSON.stringify({ Replace: replaced }));
  return {
    directory,
    flags: [`-overlay=${overlay}`, '-trimpath', '-buildvcs=false', '-ldflags=-s -w -buildid='],
    target: `./${name}`,
  };
}
