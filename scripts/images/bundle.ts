import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { build } from 'esbuild';

/** A program of src/ as one file, with what it reads beside itself. */
export interface Program {
  readonly entry: string; // below the repository
  readonly outfile: string; // in the context
  readonly beside: readonly string[]; // files that land in the bundle's directory
}

export const PROGRAMS = {
  operator: { entry: 'src/operator/main.ts', outfile: 'app/operator.mjs', beside: [] },
  installer: {
    entry: 'src/installer/main.ts',
    outfile: 'app/installer.mjs',
    beside: ['src/installer/apply/restore.sh'],
  },
} as const satisfies Record<string, Program>;

/**
 * White space and dead branches go; names stay, and there is no source map: a stack trace names the functions as they
 * are in src/, and reading one costs an operator no memory for a map.
 */
export async function bundle(root: string, program: Program, context: string): Promise<void> {
  const outfile = join(context, program.outfile);
  rmSync(dirname(outfile), { recursive: true, force: true });
  mkdirSync(dirname(outfile), { recursive: true });
  await build({
    absWorkingDir: root,
    entryPoints: [program.entry],
    outfile,
    bundle: true,
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
  });
  for (const file of program.beside) copyFileSync(join(root, file), join(dirname(outfile), basename(file)));
}
