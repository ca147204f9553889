import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isMap, isScalar, isSeq, parseAllDocuments, type Scalar } from 'yaml';
import { Terminal } from '../../errors.ts';

/** A kustomization as far as functions are concerned: which paths it names, and which functions stand in it. */
export interface KustomizationFile {
  readonly file: string;
  readonly text: string;
  readonly entries: readonly Entry[];
  /** In lower case: kustomize takes them in any. */
  readonly fields: readonly string[];
}

export interface Entry {
  readonly field: EntryField;
  readonly value: string;
  readonly start: number;
  readonly end: number;
  readonly tail: string;
}

export type EntryField = ResourceField | FunctionField;
export type ResourceField = 'resources' | 'bases' | 'components';
export type FunctionField = 'generators' | 'transformers' | 'validators';

const FIELDS: readonly string[] = ['resources', 'bases', 'components', 'generators', 'transformers', 'validators'];
const NAMES = ['kustomization.yaml', 'kustomization.yml', 'Kustomization'];

export function isFunctionField(field: EntryField): field is FunctionField {
  return field === 'generators' || field === 'transformers' || field === 'validators';
}

/** undefined: none there, or several, which is kustomize's to say. */
export async function readKustomization(dir: string): Promise<KustomizationFile | undefined> {
  const found: { file: string; text: string }[] = [];
  for (const name of NAMES) {
    const file = join(dir, name);
    const text = await readFile(file, 'utf8').catch(() => undefined);
    if (text !== undefined) found.push({ file, text });
  }
  const [only, ...more] = found;
  return only === undefined || more.length > 0 ? undefined : parseKustomization(only.file, only.text);
}

export function parseKustomization(file: string, text: string): KustomizationFile {
  const documents = parseAllDocuments(text, { version: '1.1' });
  const [document, ...more] = Array.isArray(documents) ? documents : [];
  if (document === undefined) return { file, text, entries: [], fields: [] };
  const problem = document.errors[0];
  if (problem !== undefined) throw new Terminal(`${file}: ${problem.message}`);
  if (more.length > 0) throw new Terminal(`${file}: ${more.length + 1} YAML documents; a kustomization is one`);
  if (!isMap(document.contents)) return { file, text, entries: [], fields: [] };
  const entries: Entry[] = [];
  const fields: string[] = [];
  for (const { key, value } of document.contents.items) {
    const name = String(isScalar(key) ? key.value : '').toLowerCase();
    fields.push(name);
    if (!FIELDS.includes(name) || value === null || (isScalar(value) && value.value === null)) continue;
    if (!isSeq(value)) throw new Terminal(`${file}: '${name}' is not a list`);
    for (const item of value.items) entries.push(entryOf(name as EntryField, item, file, text));
  }
  return { file, text, entries, fields };
}

function entryOf(field: EntryField, item: unknown, file: string, text: string): Entry {
  if (!isScalar(item) || typeof item.value !== 'string' || !item.range || item.anchor !== undefined) {
    throw new Terminal(`${file}: '${field}' has an entry that is not a plain string`);
  }
  const [start, end] = item.range;
  const { type } = item as Scalar;
  const block = type === 'BLOCK_LITERAL' || type === 'BLOCK_FOLDED';
  return { field, value: item.value, start, end, tail: block && text[end - 1] === '\n' ? '\n' : '' };
}

/** In double quotes, which hold any text in one line, in YAML as in JSON. */
export function withEntries(text: string, edits: ReadonlyMap<Entry, string>): string {
  let out = text;
  for (const [entry, value] of [...edits].sort(([a], [b]) => b.start - a.start)) {
    out = `${out.slice(0, entry.start)}${JSON.stringify(value)}${entry.tail}${out.slice(entry.end)}`;
  }
  return out;
}
