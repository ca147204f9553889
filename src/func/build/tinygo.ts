import { access, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { witProvisionFailed } from '../func-error.ts';
import type { FunctionFile } from '../function-file.ts';
import type { Compilation } from './compilation.ts';
import { requireTool, runTool } from './tool.ts';

const MODULE = 'module.wasm';

/** What func began: TinyGo's wasip2, in the world that the project's wit/ names. */
export async function compileTinyGo({ folder, file, log, signal }: Compilation): Promise<string> {
  requireTool('tinygo', 'https://tinygo.org');
  requireTool('go', 'https://go.dev/dl');
  requireTool('wasm-opt', 'https://github.com/WebAssembly/binaryen');
  requireTool('wasm-tools', 'https://github.com/bytecodealliance/wasm-tools');
  await requireWit(folder, file);
  const at = { folder, signal };
  log('resolving Go modules');
  await runTool('go', ['mod', 'tidy'], at); // a template has no go.sum
  if (await generates(folder)) await runTool('go', ['generate', './...'], at);
  const world = await worldOf(folder);
  const wit = world === undefined ? [] : ['-wit-package', 'wit/', '-wit-world', world];
  log('making the component');
  await runTool('tinygo', ['build', '-target=wasip2', '-no-debug', ...wit, '-o', MODULE, '.'], at);
  return join(folder, MODULE);
}

/** Its template has WIT packages in func.yaml, or in wit/ once they are there; ours needs none of either. */
export async function isForTinyGo({ folder, file }: Pick<Compilation, 'folder' | 'file'>): Promise<boolean> {
  if (Object.keys(file.build.builderImages).length > 0) return true;
  return access(join(folder, 'wit')).then(
    () => true,
    () => false,
  );
}

/** Packages that func.yaml names lie in wit/deps, or TinyGo would say that it cannot resolve them. */
async function requireWit(folder: string, { build }: FunctionFile): Promise<void> {
  const wanted = Object.entries(build.builderImages).filter(([key]) => !key.startsWith('__'));
  const there = await readdir(join(folder, 'wit', 'deps')).catch((): string[] => []);
  const missing = wanted.find(([key]) => !there.includes(key) && !there.includes(`${key}.wit`));
  if (missing === undefined) return;
  const [key, reference] = missing;
  throw witProvisionFailed(
    key,
    reference,
    `it is not in ${join(folder, 'wit', 'deps')}, and fetching is not yet implemented; wkg wit fetch, or func build, puts it there`,
  );
}

async function generates(folder: string): Promise<boolean> {
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile() || !entry.name.endsWith('.go')) continue;
    if (/^\/\/go:generate\s/m.test(await readFile(join(entry.parentPath, entry.name), 'utf8'))) return true;
  }
  return false;
}

async function worldOf(folder: string): Promise<string | undefined> {
  const text = await readFile(join(folder, 'wit', 'world.wit'), 'utf8').catch(() => '');
  return /^\s*world\s+([\w-]+)/m.exec(text)?.[1];
}
