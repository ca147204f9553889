import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build, type Plugin } from 'esbuild';
import { assemblePage } from '../../src/dashboard/page/assemble.ts';
import { readTemplates } from '../../src/func/templates.ts';
import { oneFile } from './one-file.ts';

/** undici's own demand. What is older fails in the middle of something, and says nothing that would help. */
const NODE_NEEDED = [22, 19] as const;

/** Plain JavaScript of any age: it runs before all else, on whatever Node there is. */
export const VERSION_GUARD = [
  'const __kwasmNode=process.versions.node.split(".").map(Number);',
  `if(__kwasmNode[0]<${NODE_NEEDED[0]}||__kwasmNode[0]===${NODE_NEEDED[0]}&&__kwasmNode[1]<${NODE_NEEDED[1]}){`,
  `console.error("kwasm: this is Node "+process.versions.node+"; Node ${NODE_NEEDED.join('.')} or newer is needed (https://nodejs.org)");`,
  'process.exit(1)}',
].join('');

const COMMAND = { source: 'src/cli/command.ts', run: 'runCommand' } as const;

/**
 * One file, so that it can be copied. What is imported on demand is inside, too, but is read only when it is asked for
 * (one-file.ts). Names stay: a stack trace of -v names the functions as they are in src/.
 */
export async function bundleCommand(root: string, version: string, outfile: string): Promise<number> {
  const built = await build({
    absWorkingDir: root,
    entryPoints: [COMMAND.source],
    outdir: 'dist', // for the names only: nothing is written there
    write: false,
    metafile: true,
    bundle: true,
    splitting: true,
    platform: 'node',
    target: 'node22',
    format: 'esm',
    minifyWhitespace: true,
    minifySyntax: true,
    legalComments: 'external',
    logLevel: 'silent', // failures are thrown, with the place
    define: {
      KWASM_CLIENT_VERSION: JSON.stringify(version),
      KWASM_DASHBOARD_PAGE: JSON.stringify(await assemblePage()),
      KWASM_FUNC_TEMPLATES: JSON.stringify(JSON.stringify(readTemplates(join(root, 'src/func/templates')))),
      KWASM_FUNC_SCAFFOLD: JSON.stringify(JSON.stringify(readTemplates(join(root, 'src/func/scaffold')))),
      KWASM_GUEST_PROGRAM: JSON.stringify(await program(root, 'src/wasm/guest/main.ts')),
      KWASM_SNAPSHOT_PROGRAM: JSON.stringify(await program(root, 'src/wasm/snapshot/main.ts')),
    },
    plugins: [unusedBuiltins, oneLocale],
  });
  writeFileSync(outfile, await oneFile(built, COMMAND, VERSION_GUARD));
  return statSync(outfile).size;
}

/** A program of its own that the command starts, as a text: the one in which functions run (src/wasm/sandbox.ts) is allowed no file, and so needs none. */
async function program(root: string, entry: string): Promise<string> {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: [entry],
    write: false,
    bundle: true,
    platform: 'node',
    target: 'node22',
    format: 'esm',
    minifyWhitespace: true,
    minifySyntax: true,
    logLevel: 'silent',
  });
  return outputFiles[0]?.text ?? '';
}

/** commander starts other programs for subcommands that are programs of their own, of which we have none; loading what it would need is a tenth of `kwasm --help`. */
const unusedBuiltins: Plugin = {
  name: 'unused builtins',
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: /^node:child_process$/ }, ({ path, importer }) =>
      /[\\/]commander[\\/]/.test(importer) ? { path, namespace: 'unused builtin' } : undefined,
    );
    onLoad({ filter: /.*/, namespace: 'unused builtin' }, () => ({ contents: 'module.exports = {};' }));
  },
};

/** zod's messages in fifty languages are half of it; ours are English. */
const oneLocale: Plugin = {
  name: 'one locale',
  setup: ({ onLoad }) => {
    onLoad({ filter: /zod[\\/]v4[\\/]locales[\\/]index\.js$/ }, () => ({
      contents: "export { default as en } from './en.js';",
      loader: 'js',
    }));
  },
};
