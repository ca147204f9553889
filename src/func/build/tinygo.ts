import { access, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Compilation } from './compilation.ts';
import { requireTool, runTool } from './tool.ts';
import { provisionWit } from './wit.ts';

const MODULE = 'module.wasm';

/** What func began: TinyGo's wasip2, in the world that the project's wit/ names. */
export async function compileTinyGo(compilation: Compilation): Promise<string> {
  const { folder, log, signal } = compilation;
  requireTool('tinygo', 'https://tinygo.org');
  requireTool('go', 'https://go.dev/dl');
  requireTool('wasm-opt', 'https://github.com/WebAssembly/binaryen');
  requireTool('wasm-tools', 'https://github.com/bytecodealliance/wasm-tools');
  await provisionWit(compilation);
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
