import { dirname, resolve } from 'node:path/posix';
import type { AST } from 'toml-eslint-parser';
import { lineEnding, quoted, type TomlDocument, valueAt } from './toml.ts';

/** Our own directory, used where the root configuration imports no other by a pattern. */
export const OWN_DIRECTORY = '/etc/containerd/kwasm.d';
export const OWN_PATTERN = `${OWN_DIRECTORY}/*.toml`;
const LINE = `imports = [${quoted(OWN_PATTERN)}] # added by kwasm, removed on uninstall`;

/** Import patterns of a file as containerd resolves them: cleaned, relative ones beside the importing file. */
export function importPatterns(value: unknown, file: string): readonly string[] {
  const imports = valueAt(value, ['imports']);
  if (!Array.isArray(imports)) return [];
  return imports
    .filter((entry): entry is string => typeof entry === 'string')
    .map((entry) => resolve(dirname(file), entry));
}

function importsArray({ top }: TomlDocument): AST.TOMLArray | undefined {
  for (const node of top) {
    if (node.type !== 'TOMLKeyValue' || node.key.keys.length !== 1 || node.value.type !== 'TOMLArray') continue;
    const [key] = node.key.keys;
    if (key !== undefined && (key.type === 'TOMLBare' ? key.name : key.value) === 'imports') return node.value;
  }
  return undefined;
}

/** A pattern, never a plain name: an import of a file that is missing stops the daemon, one of nothing does not. */
export function withOwnImport(document: TomlDocument): string {
  const { text } = document;
  const array = importsArray(document);
  if (array === undefined) return `${LINE}${lineEnding(text)}${text}`;
  const last = array.elements.at(-1);
  const at = last === undefined ? array.range[0] + 1 : last.range[1];
  return `${text.slice(0, at)}${last === undefined ? '' : ', '}${quoted(OWN_PATTERN)}${text.slice(at)}`;
}

export function withoutOwnImport(document: TomlDocument): string {
  const { text } = document;
  for (const eol of ['\r\n', '\n']) if (text.startsWith(LINE + eol)) return text.slice(LINE.length + eol.length);
  const elements = importsArray(document)?.elements ?? [];
  const index = elements.findIndex((element) => text.slice(...element.range) === quoted(OWN_PATTERN));
  const own = elements[index];
  if (own === undefined) return text;
  const before = elements[index - 1];
  const after = elements[index + 1];
  if (before !== undefined) return text.slice(0, before.range[1]) + text.slice(own.range[1]);
  return text.slice(0, own.range[0]) + text.slice(after === undefined ? own.range[1] : after.range[0]);
}

/** The imports' array replaced by these paths: for the shadow copy. */
export function withImports(document: TomlDocument, paths: readonly string[]): string {
  const array = importsArray(document);
  if (array === undefined) return document.text;
  const list = `[${paths.map(quoted).join(', ')}]`;
  return document.text.slice(0, array.range[0]) + list + document.text.slice(array.range[1]);
}
