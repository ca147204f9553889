import { basename, dirname, join } from 'node:path/posix';
import type { FileChange } from './change.ts';
import type { ConfigFacts, ConfigFile } from './facts.ts';
import { componentMatcher, isGlob } from './glob.ts';
import { importPatterns, withImports } from './imports.ts';
import { parseDocument } from './toml.ts';

/**
 * A copy of the whole configuration as it would be, for the daemon's own program to load. Every import is spelled out as
 * the copy of one file, so that no live file is read and the order stays. Names end in .conf: no pattern of the live
 * configuration can pick them up. The first is the root. Of a template it holds what will be rendered from it.
 */
export function shadowOf(
  config: ConfigFacts,
  changes: readonly FileChange[],
  directory: string,
): readonly ConfigFile[] {
  const texts = new Map<string, string>();
  for (const file of [config.root, ...config.imported]) if (file.kind === 'file') texts.set(file.path, file.text);
  for (const { path, after, renders } of changes) {
    if (renders !== undefined) {
      texts.set(renders.path, renders.text);
    } else if (after.kind === 'absent') texts.delete(path);
    else texts.set(path, after.text);
  }
  const order = [config.root.path];
  const shadows: ConfigFile[] = [];
  const nameOf = (path: string): string => {
    if (!order.includes(path)) order.push(path);
    return join(directory, `${order.indexOf(path)}.conf`);
  };
  for (let index = 0; index < order.length; index += 1) {
    const path = order[index] ?? '';
    const text = texts.get(path) ?? '';
    shadows.push({ kind: 'file', path: nameOf(path), text: redirected(path, text, [...texts.keys()], nameOf) });
  }
  return shadows;
}

function redirected(path: string, text: string, all: readonly string[], nameOf: (path: string) => string): string {
  const parsed = parseDocument(text);
  if (parsed.kind === 'invalid') return text;
  const imported = importPatterns(parsed.document.value, path).flatMap((pattern) =>
    isGlob(pattern) ? all.filter((file) => matchesPath(pattern, file)).sort() : [pattern],
  );
  return withImports(parsed.document, imported.filter((file) => all.includes(file)).map(nameOf));
}

function matchesPath(pattern: string, path: string): boolean {
  if (pattern === '/' || path === '/') return pattern === path;
  return componentMatcher(basename(pattern))(basename(path)) && matchesPath(dirname(pattern), dirname(path));
}
