import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type BuildOptions, build } from 'esbuild';

/** A program of src/, with what it reads beside itself. */
export interface Program {
  readonly name: string; // of the bundle
  readonly entry: string; // below the repository
  readonly beside: readonly string[]; // files that land in the bundle's directory
}

export const PROGRAMS = {
  operator: { name: 'operator', entry: 'src/operator/main.ts', beside: [] },
  installer: {
    name: 'installer',
    entry: 'src/installer/main.ts',
    beside: ['src/installer/apply/restore.sh'],
  },
  runner: { name: 'pull', entry: 'src/runner/pull.ts', beside: [] },
} as const satisfies Record<string, Program>;

/**
 * White space and dead branches go; names stay, and there is no source map: a stack trace names the functions as they
 * are in src/, and reading one costs an operator no memory for a map. What is imported on demand is a file of its own:
 * the operator in a cluster never reads the 5 MB of client-node.
 */
export async function bundle(root: string, { name, entry, beside }: Program, context: string): Promise<void> {
  const outdir = join(context, 'app');
  rmSync(outdir, { recursive: true, force: true });
  mkdirSync(outdir, { recursive: true });
  await build({ ...settings(root, { name, entry }), outdir });
  for (const file of beside) copyFileSync(join(root, file), join(outdir, basename(file)));
}

/** The files that a bundle is made of, below `root`: those of which something is left in it. */
export async function bundledFiles(root: string, program: Program): Promise<readonly string[]> {
  const { metafile } = await build({ ...settings(root, program), outdir: root, write: false, metafile: true });
  const used = Object.values(metafile.outputs).flatMap(({ inputs }) =>
    Object.entries(inputs).flatMap(([file, { bytesInOutput }]) => (bytesInOutput > 0 ? [file] : [])),
  );
  return [...new Set(used)].toSorted();
}

function settings(root: string, { name, entry }: Pick<Program, 'name' | 'entry'>) {
  return {
    absWorkingDir: root,
    entryPoints: [{ in: entry, out: name }],
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    minifyWhitespace: true,
    minifySyntax: true,
    legalComments: 'linked', // the licences of what is bundled lie beside it
    logLevel: 'silent', // failures are thrown, with the place
    // CommonJS dependencies call require; an ES module has none.
    banner: {
      js: 'import{createRequire as __kwasmRequire}from"node:module";const require=__kwasmRequire(import.meta.url);',
    },
  } as const satisfies BuildOptions;
}
