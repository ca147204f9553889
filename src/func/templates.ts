import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BuiltRuntime, Template } from './runtimes.ts';

/** Paths within a project, and what is in the files. */
export type TemplateFiles = Readonly<Record<string, string>>;

/** Projects as they lie in templates/RUNTIME/TEMPLATE, whole and working; in the one-file command a text that its build put here. */
export function templateFiles(runtime: BuiltRuntime, template: Template): TemplateFiles {
  const wanted = `${runtime}/${template}/`;
  const all =
    typeof KWASM_FUNC_TEMPLATES === 'string'
      ? (JSON.parse(KWASM_FUNC_TEMPLATES) as TemplateFiles)
      : readTemplates(ownTemplates());
  return Object.fromEntries(
    Object.entries(all).flatMap(([path, text]) => (path.startsWith(wanted) ? [[path.slice(wanted.length), text]] : [])),
  );
}

/** JSON; a text, since esbuild makes an object once, at the start of every command. */
declare const KWASM_FUNC_TEMPLATES: string | undefined;

function ownTemplates(): string {
  return fileURLToPath(new URL('./templates', import.meta.url));
}

/** Everything below a directory but what a build left there. */
export function readTemplates(directory: string): TemplateFiles {
  const paths = readdirSync(directory, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .filter((path) => !/(^|\/)(node_modules|target|\.func)\/|\.wasm$/.test(path))
    .sort();
  return Object.fromEntries(paths.map((path) => [path, readFileSync(join(directory, path), 'utf8')]));
}
