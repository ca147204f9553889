import { type ChangedValue, haveOnlyValuesChanged, putValues } from './changed-values.ts';
import { type Given, NoResourceList, type ResourceList, readList } from './resource-list.ts';
import { requireUniqueKeys } from './unique-keys.ts';
import { field, KIND, root, STYLE, type YamlNode } from './yaml/node.ts';
import { parseDocument } from './yaml/parser.ts';
import { KnownLines } from './yaml/simple-document.ts';

export interface Answered {
  readonly list: ResourceList;
  /** Items that came back as they were given, but for values: they are the given ones, with these values, and have lost nothing. */
  readonly kept: ReadonlySet<YamlNode>;
}

/**
 * Reads a function's answer. Most functions change few of the items, or values in them, and keep their order, so an item whose text is what
 * was given but for values is not read again, and the others are read one by one. Whatever is not laid out as we laid it out is read whole.
 * With `mayChange` given items get the values that they have in the answer; without, one with other values is read.
 */
export function readAnswer(text: string, given: Given, mayChange: boolean): Answered {
  const answered = readByItems(text, given, mayChange) ?? { list: readList(text), kept: new Set() };
  for (const item of answered.list.items) if (!answered.kept.has(item)) requireUniqueKeys(item);
  return answered;
}

function readByItems(text: string, given: Given, mayChange: boolean): Answered | undefined {
  const [first] = given.starts;
  if (first === undefined || !text.startsWith(given.text.slice(0, first)) || text.includes('\r')) return undefined;
  const cut = cutItems(text, first, given, mayChange);
  if (cut === undefined) return undefined;
  try {
    const head = text.slice(0, first);
    const items: YamlNode[] = [];
    const kept = new Set<YamlNode>();
    // Where nothing that was given has a comment, an item gets none back, so that its scalars may be those of other items.
    const known = given.simple.every((isSimple) => isSimple) ? new KnownLines() : undefined;
    for (const piece of cut.pieces) {
      if (typeof piece !== 'string') kept.add(piece);
      items.push(typeof piece === 'string' ? readItem(piece, known) : piece);
    }
    const end = readList(head + cut.end);
    putValues(cut.changed); // now that nothing can be in the way any more
    return { list: { ...end, items: [...items, ...end.items] }, kept };
  } catch {
    return undefined; // an item that is not one alone, such as one with an alias of another's anchor
  }
}

interface Cut {
  /** Nodes of items that are kept, texts of the others. */
  readonly pieces: readonly (YamlNode | string)[];
  /** Values that kept items get. */
  readonly changed: readonly ChangedValue[];
  /** The last item where it was changed, and what stands behind the items. */
  readonly end: string;
}

function cutItems(text: string, first: number, given: Given, mayChange: boolean): Cut | undefined {
  const pieces: (YamlNode | string)[] = [];
  const changed: ChangedValue[] = [];
  let at = first;
  let next = 0;
  while (text.startsWith('\n- ', at)) {
    const reused = reusable(text, at, given, next) ?? reusable(text, at, given, next + 1);
    if (reused !== undefined) {
      pieces.push(reused.node);
      at = reused.end;
      next = reused.index + 1;
      continue;
    }
    const end = endOfItem(text, at);
    if (!text.startsWith('\n- ', end)) break;
    const piece = text.slice(at, end);
    if (piece.includes('#')) return undefined; // whose comment it is depends on what stands around
    pieces.push((mayChange ? keptItem(piece, given, next, changed) : undefined) ?? piece);
    at = end;
    next++;
  }
  const end = text.slice(at);
  return end.includes('#') ? undefined : { pieces, changed, end };
}

/** The next line that starts in the first column. */
function endOfItem(text: string, at: number): number {
  for (let end = text.indexOf('\n', at + 1); end !== -1; end = text.indexOf('\n', end + 1)) {
    const next = text.charAt(end + 1);
    if (next !== ' ' && next !== '\n') return end;
  }
  return text.length;
}

/** The given item, where it is the same in all but values, which are added to `changed`. */
function keptItem(piece: string, given: Given, index: number, changed: ChangedValue[]): YamlNode | undefined {
  const item = given.items[index];
  const before = givenText(given, index);
  if (item === undefined || before === undefined || !comesBack(item, given, index)) return undefined;
  return haveOnlyValuesChanged(root(item), before, piece, changed) ? root(item) : undefined;
}

function givenText({ text, starts }: Given, index: number): string | undefined {
  const start = starts[index];
  const stop = starts[index + 1];
  return start === undefined || stop === undefined ? undefined : text.slice(start, stop);
}

function reusable(text: string, at: number, given: Given, index: number) {
  const node = given.items[index];
  const piece = givenText(given, index);
  if (piece === undefined || node === undefined || !text.startsWith(piece, at)) return undefined;
  const end = at + piece.length;
  // Nothing of the item goes on behind it, and what follows is no comment.
  if (!(text.startsWith('\n- ', end) || /^\n[a-z]/.test(text.slice(end, end + 2)) || text.slice(end) === '\n'))
    return undefined;
  return comesBack(node, given, index) ? { node: root(node), end, index } : undefined;
}

/** A document's own comments would go to its node when it is read again. */
function comesBack(node: YamlNode, given: Given, index: number): boolean {
  return (node.kind !== KIND.document || node.isBare) && (given.simple[index] === true || isPlain(root(node)));
}

/** A tree that comes back from writing and reading as it was: no comments, anchors or tags, no text of several lines. */
function isPlain(node: YamlNode): boolean {
  if (!node.isBare) return false;
  if (node.kind === KIND.scalar) return (node.style & (STYLE.literal | STYLE.folded)) === 0 && !BREAK.test(node.value);
  if (node.kind === KIND.alias) return false;
  for (const child of node.content) if (!isPlain(child)) return false;
  return true;
}

const BREAK = /[\n\r\x85\u2028\u2029]/;

/** One item as it would be read in its list, below the same fields. */
function readItem(piece: string, known: KnownLines | undefined): YamlNode {
  const document = parseDocument(`kind:\nitems:${piece}\n`, known);
  const items = document === undefined ? [] : (field(root(document), 'items')?.content ?? []);
  const [item] = items;
  if (item === undefined || items.length !== 1) throw new NoResourceList('not one item');
  return item;
}
