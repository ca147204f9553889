/**
 * The one program that makes a component of JavaScript or TypeScript: esbuild's one file, on the engine that componentize-js carries. It is a text, since it
 * runs in a project, on the packages of that project: as a file of its own there (kwasm fn init), or as an argument of `node --eval` (kwasm func build).
 */
export interface ComponentizePlan {
  /** esbuild's options that say what is built. */
  readonly entry: { readonly entryPoints: readonly string[] } | { readonly stdin: EntryText };
  /** A file, or a directory whose files are taken with their `deps/`. */
  readonly wit: string;
  readonly world: string;
  /** Features of the engine by the words without which a program does not use them; what is not named here stays. */
  readonly features: Readonly<Record<string, string>>;
  readonly target: string;
}

export interface EntryText {
  readonly contents: string;
  readonly resolveDir: string;
  readonly loader: 'js' | 'ts';
}

/** Those that a project has to have, its translator (jco) included. */
export const COMPONENTIZE_PACKAGES = [
  '@bytecodealliance/componentize-js',
  '@bytecodealliance/jco',
  '@bytecodealliance/preview2-shim',
  'esbuild',
] as const;

/** `plan` is JavaScript for a ComponentizePlan. */
export function componentizeProgram(plan: string): string {
  return `import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const { componentize } = await import('@bytecodealliance/componentize-js');
const { _setPreopens } = await import('@bytecodealliance/preview2-shim/filesystem');
const { build } = await import('esbuild');

const plan = ${plan};

// The engine takes this version of WASI and no other; jco has the texts of a later one. Point releases only add, so they serve for both.
const [ENGINE_WASI, SHIPPED_WASI] = ['0.2.10', '0.2.12'];
const shipped = join(dirname(fileURLToPath(import.meta.resolve('@bytecodealliance/jco'))), '../lib/wit/builtin', SHIPPED_WASI);
const work = mkdtempSync(join(tmpdir(), 'function-'));
try {
  const sourcePath = join(work, 'main.js');
  await build({
    ...plan.entry,
    outfile: sourcePath,
    bundle: true,
    format: 'esm',
    target: 'es2023',
    platform: 'browser',
    external: ['wasi:*'],
    logLevel: 'warning',
  });
  const witPath = join(work, 'wit');
  mkdirSync(join(witPath, 'deps'), { recursive: true });
  const isFile = statSync(plan.wit).isFile();
  cpSync(plan.wit, isFile ? join(witPath, 'world.wit') : witPath, { recursive: true });
  for (const name of readdirSync(shipped)) {
    const text = readFileSync(join(shipped, name, 'package.wit'), 'utf8');
    writeFileSync(join(witPath, 'deps', \`\${name}.wit\`), text.replaceAll(\`@\${SHIPPED_WASI}\`, \`@\${ENGINE_WASI}\`));
  }
  const source = readFileSync(sourcePath, 'utf8');
  const unused = Object.entries(plan.features).filter(([, words]) => !new RegExp(words).test(source));
  const disableFeatures = unused.map(([feature]) => feature);
  // A part of componentize-js is a component itself, and opens no directory but those it is given.
  _setPreopens({ [witPath]: witPath });
  // Wizer's part: kwasm brings a program that gives the same component each time.
  const wizerBin = process.env.KWASM_SNAPSHOT;
  const { component } = await componentize({ sourcePath, witPath, worldName: plan.world, disableFeatures, wizerBin });
  writeFileSync(plan.target, component);
} finally {
  rmSync(work, { recursive: true, force: true });
}
`;
}
