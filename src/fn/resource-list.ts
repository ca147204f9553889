import { messageOf } from '../errors.ts';
import { Emitter } from './yaml/emitter.ts';
import { field, KIND, mapping, root, scalar, sequence, type YamlNode } from './yaml/node.ts';
import { parseDocument } from './yaml/parser.ts';
import { tagOf } from './yaml/tag.ts';

export const LIST_KIND = 'ResourceList';
export const LIST_VERSION = 'config.kubernetes.io/v1';

export interface ResourceList {
  readonly apiVersion: string;
  readonly items: readonly YamlNode[];
  readonly functionConfig: YamlNode | undefined;
  readonly results: YamlNode | undefined;
}

/** What a function answered is no list. A plain error would not say that it is the function's. */
export class NoResourceList extends Error {}

const SHOWN_MAX = 200;

export function writeList(list: ResourceList): string {
  return writeGiven(list).text;
}

/** A list as it was given to a function, and where in the text each item stands. */
export interface Given {
  readonly text: string;
  readonly items: readonly YamlNode[];
  /** One more than items: the last is where they end. Empty where there are none. */
  readonly starts: readonly number[];
  /** Of each item whether it is nothing but lines of a key, a dash, a value: what the emitter wrote in one go. */
  readonly simple: readonly boolean[];
}

export function writeGiven(list: ResourceList): Given {
  const items = sequence(list.items.map(root));
  const fields: (readonly [string, YamlNode])[] = [
    ['apiVersion', scalar(list.apiVersion)],
    ['kind', scalar(LIST_KIND)],
    ['items', items],
  ];
  if (list.functionConfig !== undefined) fields.push(['functionConfig', root(list.functionConfig)]);
  if (list.results !== undefined) fields.push(['results', root(list.results)]);
  const emitter = new Emitter();
  emitter.watched = items;
  emitter.document(mapping(fields), { lists: 'compact' });
  return { text: emitter.text, items: list.items, starts: emitter.itemStarts, simple: emitter.simpleItems };
}

/**
 * A function's answer, whole. kpt looks for the text `kind: ResourceList` in it and takes anything else for an empty list, which
 * deletes every file of the package; here an answer that is no list is a failure that says so.
 */
export function readList(text: string): ResourceList {
  const list = parse(text);
  if (list.kind !== KIND.mapping || field(list, 'kind')?.value !== LIST_KIND) throw new NoResourceList(noList(text));
  const items = field(list, 'items');
  if (items !== undefined && items.kind !== KIND.sequence && tagOf(items) !== '!!null')
    throw new NoResourceList(`returned no ResourceList: its items are no list: ${shown(text)}`);
  return {
    apiVersion: field(list, 'apiVersion')?.value ?? LIST_VERSION,
    items: items?.content ?? [],
    functionConfig: field(list, 'functionConfig'),
    results: field(list, 'results'),
  };
}

function parse(text: string): YamlNode {
  try {
    const document = parseDocument(text.replaceAll('\r\n', '\n'));
    if (document === undefined) throw new NoResourceList('returned no ResourceList: it returned nothing');
    return root(document);
  } catch (error) {
    if (error instanceof NoResourceList) throw error;
    throw new NoResourceList(`${noList(text)} (${messageOf(error)})`, { cause: error });
  }
}

function noList(text: string): string {
  return `returned no ResourceList: ${shown(text)}`;
}

function shown(text: string): string {
  const line = text.trim();
  return line.length <= SHOWN_MAX ? JSON.stringify(line) : `${JSON.stringify(line.slice(0, SHOWN_MAX))}…`;
}
