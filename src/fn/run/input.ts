import { readdir, readFile, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { type Document, isMap, isSeq, parseAllDocuments, type YAMLMap, YAMLSeq, Document as YamlDocument } from 'yaml';
import { messageOf } from '../../errors.ts';
import { type Format, type ListText, readList } from './list-text.ts';

/** Where the list of `kwasm fn run` comes from: a ResourceList as it is, or one made of the objects in files and directories. */
const FILES = /\.(ya?ml|json)$/;
const DEPTH_MAX = 32;
const BYTES_MAX = 256 * 1024 * 1024;
const LIST_VERSION = 'config.kubernetes.io/v1';

export class BadInput extends Error {}

/** A config for the functions, which replaces the list's own. */
export type FunctionConfig = Readonly<Record<string, unknown>>;

export function listFromText(text: string, where: string, config: FunctionConfig | undefined): ListText {
  const read = readList(text);
  if (read.kind === 'none') throw new BadInput(`${where} is no ResourceList: ${read.why}`);
  return config === undefined ? read.list : withConfig(read.list, config);
}

/** Every object of these files, in order; a ResourceList among them gives its items. */
export async function listFromFiles(paths: readonly string[], config: FunctionConfig | undefined): Promise<ListText> {
  const files = (await Promise.all(paths.map((path) => filesBelow(path)))).flat();
  const [only] = files;
  if (files.length === 1 && only !== undefined) {
    const text = await textOf(only.path);
    if (readList(text).kind === 'list') return listFromText(text, only.path, config);
  }
  const list = new YamlDocument({ apiVersion: LIST_VERSION, kind: 'ResourceList' });
  const items = new YAMLSeq();
  for (const { path, shown } of files) {
    for (const [index, item] of objectsIn(path, await textOf(path)).entries()) {
      annotate(list, item, shown, index);
      items.add(item);
    }
  }
  list.set('items', items);
  const format: Format = files.length > 0 && files.every(({ path }) => path.endsWith('.json')) ? 'json' : 'yaml';
  return listFromText(printed(list, format), paths.join(', '), config);
}

interface Found {
  readonly path: string;
  /** As the annotation names it: from the directory that was given. */
  readonly shown: string;
}

async function filesBelow(root: string): Promise<readonly Found[]> {
  const isDirectory = await stat(root).then(
    (found) => found.isDirectory(),
    (cause: unknown) => {
      throw new BadInput(`${root} cannot be read: ${messageOf(cause)}`);
    },
  );
  if (!isDirectory) return [{ path: root, shown: root }];
  const walk = async (directory: string, depth: number): Promise<readonly Found[]> => {
    if (depth > DEPTH_MAX) throw new BadInput(`${directory} lies more than ${DEPTH_MAX} directories deep`);
    const entries = await readdir(directory, { withFileTypes: true });
    const found = entries
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .map(async (entry): Promise<readonly Found[]> => {
        const path = join(directory, entry.name);
        if (entry.isDirectory()) return walk(path, depth + 1);
        return entry.isFile() && FILES.test(entry.name) ? [{ path, shown: relative(root, path) }] : [];
      });
    return (await Promise.all(found)).flat();
  };
  return walk(root, 0);
}

async function textOf(path: string): Promise<string> {
  const { size } = await stat(path);
  if (size > BYTES_MAX) throw new BadInput(`${path} has ${size} bytes; files up to ${BYTES_MAX} are read`);
  return readFile(path, 'utf8');
}

function objectsIn(path: string, text: string): readonly YAMLMap[] {
  return parseAllDocuments(text).flatMap((document): readonly YAMLMap[] => {
    const [error] = document.errors;
    if (error !== undefined) throw new BadInput(`${path}: ${error.message}`);
    const contents: unknown = document.contents;
    if (contents === null) return [];
    if (!isMap(contents)) throw new BadInput(`${path}: a document is no object`);
    if (contents.get('kind') !== 'ResourceList') return [contents];
    const items = contents.get('items');
    return isSeq(items) ? items.items.filter((item: unknown) => isMap(item)) : [];
  });
}

/** The names of today and those before them, as functions read either. */
function annotate(list: Document, item: YAMLMap, path: string, index: number): void {
  for (const prefix of ['config.kubernetes.io', 'internal.config.kubernetes.io']) {
    for (const [name, value] of [
      ['path', path],
      ['index', String(index)],
    ] as const) {
      const at = ['metadata', 'annotations', `${prefix}/${name}`];
      if (!item.hasIn(at)) item.setIn(at, list.createNode(value));
    }
  }
}

function withConfig(list: ListText, config: FunctionConfig): ListText {
  return listFromText(withConfigText(list, config), 'the list', undefined);
}

/** A list in block style without a config gets one at its end, and is otherwise left as it is. */
function withConfigText({ text, format, functionConfig }: ListText, config: FunctionConfig): string {
  if (format === 'yaml' && functionConfig === undefined && /^kind:/m.test(text) && !/^(\.\.\.|---)\s*$/m.test(text)) {
    const block = new YamlDocument({ functionConfig: config });
    return `${text.endsWith('\n') ? text : `${text}\n`}${printed(block, 'yaml')}`;
  }
  const [document] = parseAllDocuments(text);
  if (document === undefined || !('contents' in document)) throw new BadInput('the list is empty');
  document.set('functionConfig', document.createNode(config));
  return printed(document, format);
}

/** `line width 0`: no line is folded that was not. */
export function printed(document: Document, format: Format): string {
  if (format === 'json') return `${JSON.stringify(document.toJS({ maxAliasCount: 1000 }), null, 2)}\n`;
  return document.toString({ lineWidth: 0, indentSeq: false, flowCollectionPadding: false });
}
