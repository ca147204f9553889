import { access, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import * as z from 'zod';
import { messageOf } from '../../errors.ts';
import { COMPONENTIZE_PACKAGES, type ComponentizePlan, componentizeProgram } from '../../wasm/componentize.ts';
import { withSnapshotProgram } from '../../wasm/snapshot-program.ts';
import { FuncError, toolchainMissing } from '../func-error.ts';
import type { Compilation } from './compilation.ts';
import { runTool } from './tool.ts';

export const JAVASCRIPT_COMPONENT = 'function.wasm';

/** Types are checked first, since what comes out of esbuild has none any more. */
export async function compileJavaScript(runtime: 'ts-wasi' | 'js-wasi', compilation: Compilation): Promise<string> {
  const { folder, log, signal } = compilation;
  const entry = await handlerFile(folder);
  const typed = runtime === 'ts-wasi';
  requirePackages(folder, typed ? ['typescript', ...COMPONENTIZE_PACKAGES] : COMPONENTIZE_PACKAGES);
  const world = await worldOf(folder);
  if (typed) {
    log('checking types');
    await runTool(process.execPath, [packageFile(folder, 'typescript', 'bin/tsc'), '-p', '.'], { folder, signal });
  }
  log('making the component');
  const target = join(resolve(folder), JAVASCRIPT_COMPONENT);
  const plan: ComponentizePlan = {
    entry: { stdin: { contents: wrapper(entry, world.text), resolveDir: resolve(folder), loader: 'js' } },
    wit: 'wit',
    world: world.name,
    features: FEATURES,
    target,
  };
  const program = componentizeProgram('JSON.parse(process.argv[1])');
  const args = ['--input-type=module', '--no-warnings', '--eval', program, JSON.stringify(plan)];
  await withSnapshotProgram((env) => runTool(process.execPath, args, { folder, signal, env }));
  return target;
}

/**
 * Whether a program uses a feature of the engine, by words: one too many costs an import, one too few would cost the feature. Clocks stay, since the
 * engine's own event loop ends a request without one ("clock_gettime(CLOCK_MONOTONIC) failed"), and so does stdio, for what is thrown is printed.
 */
const FEATURES: ComponentizePlan['features'] = {
  random: '\\b(Math\\s*\\.\\s*random|crypto)\\b',
  http: '\\bfetch\\s*\\(',
};

/** package.json's `main`, or src/handler.ts or .js. */
export async function handlerFile(folder: string): Promise<string> {
  const named = await mainOf(join(folder, 'package.json'));
  const tried = named === undefined ? ['src/handler.ts', 'src/handler.js'] : [named];
  for (const path of tried) {
    const there = await access(join(folder, path)).then(
      () => true,
      () => false,
    );
    if (there) return path;
  }
  throw new FuncError(
    'input',
    `${folder}: no handler: ${tried.join(' and ')} not found; "main" of package.json names it`,
  );
}

async function mainOf(file: string): Promise<string | undefined> {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    return z.object({ main: z.string().optional() }).parse(JSON.parse(text)).main;
  } catch (cause) {
    throw new FuncError('input', `${file}: ${messageOf(cause)}`, { cause });
  }
}

function requirePackages(folder: string, packages: readonly string[]): void {
  for (const name of packages) packageFile(folder, name, 'package.json');
}

function packageFile(folder: string, name: string, file: string): string {
  const from = createRequire(resolve(folder, 'package.json'));
  for (const place of from.resolve.paths(name) ?? []) {
    try {
      return from.resolve(join(place, name, file));
    } catch {} // the next place may have it
  }
  throw toolchainMissing(`${name} is not installed; run: npm install --prefix ${folder}`);
}

interface World {
  readonly name: string;
  readonly text: string;
}

async function worldOf(folder: string): Promise<World> {
  const path = join(folder, 'wit', 'world.wit');
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new FuncError('input', `${path} cannot be read: ${messageOf(cause)}; it says what the component exports`, {
      cause,
    });
  });
  const name = /^\s*world\s+([\w-]+)/m.exec(text)?.[1];
  if (name === undefined) throw new FuncError('input', `${path}: names no world`);
  return { name, text };
}

/**
 * A fetch event on one side, a function from Request to Response on the other. A throw is a 500 whose reason is in the log and not in the answer. The
 * environment is asked for in each request: what stands at the top level runs at build time.
 */
function wrapper(entry: string, world: string): string {
  const environment = /wasi:cli\/environment@([\d.]+)/.exec(world)?.[0];
  const imported =
    environment === undefined ? '' : `import { getArguments, getEnvironment } from ${JSON.stringify(environment)};\n`;
  const context =
    environment === undefined
      ? '{ env: {}, args: [] }'
      : '{ env: Object.fromEntries(getEnvironment()), args: getArguments() }';
  return `${imported}import handle from ${JSON.stringify(`./${entry.replace(/^\.\//, '')}`)};
addEventListener('fetch', (event) => event.respondWith(answer(event.request)));
async function answer(request) {
  try {
    const response = await handle(request, ${context});
    if (response instanceof Response) return response;
    throw new TypeError('the handler gave no Response');
  } catch (error) {
    console.error(error instanceof Error ? \`\${error}\\n\${error.stack}\` : error);
    return new Response('Internal Server Error\\n', { status: 500 });
  }
}
`;
}
