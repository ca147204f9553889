import { fileURLToPath } from 'node:url';
import type { GoFrame } from './build/go-component.ts';
import { readTemplates, type TemplateFiles } from './templates.ts';

/** What is put around an author's code when it is built or run; in the one-file command a text, as with templates. */
export interface ScaffoldFile {
  readonly name: string;
  readonly text: string;
}

export function scaffoldFiles(runtime: 'go-wasi', kind: string): readonly ScaffoldFile[] {
  const wanted = `${runtime}/${kind}/`;
  return Object.entries(allScaffold()).flatMap(([path, text]) =>
    path.startsWith(wanted) ? [{ name: path.slice(wanted.length), text }] : [],
  );
}

/** Made by `npm run manifests` and committed. */
export function goFrame(world: 'function' | 'asking-function'): GoFrame {
  const file = scaffoldFiles('go-wasi', 'frame').find(({ name }) => name === `${world}.json`);
  if (file === undefined) throw new Error(`${world}.json is not beside this program`);
  return JSON.parse(file.text) as GoFrame;
}

declare const KWASM_FUNC_SCAFFOLD: string | undefined;

export function allScaffold(): TemplateFiles {
  if (typeof KWASM_FUNC_SCAFFOLD === 'string') return JSON.parse(KWASM_FUNC_SCAFFOLD) as TemplateFiles;
  return readTemplates(fileURLToPath(new URL('./scaffold', import.meta.url)));
}
