import { Terminal } from '../errors.ts';
import {
  ANNOTATION,
  annotationsToSet,
  BARE_LIST,
  completeRenamed,
  quoted,
  quotedNumber,
  setIn,
} from './annotations.ts';
import { requireUniqueKeys } from './unique-keys.ts';
import { KIND, mapping, root, type YamlNode } from './yaml/node.ts';
import { parseDocument } from './yaml/parser.ts';
import { KnownLines } from './yaml/simple-document.ts';
import { isNull } from './yaml/tag.ts';

/** Documents of a text, cut at lines that start with '---' as kyaml cuts them: only a comment may follow on the line. */
export function splitDocuments(text: string): readonly string[] {
  if (text === '') return [];
  const documents: string[] = [];
  let from = 0;
  for (let at = text.indexOf(SEPARATOR); at !== -1; at = text.indexOf(SEPARATOR, from)) {
    const end = text.indexOf('\n', at + SEPARATOR.length);
    if (end === -1) break;
    const rest = text.slice(at + SEPARATOR.length, end).trim();
    if (rest !== '' && !rest.startsWith('#')) throw new Terminal(`invalid document separator: ---${rest}`);
    documents.push(text.slice(from, at + 1));
    from = end + 1;
  }
  documents.push(text.slice(from));
  return documents;
}

const SEPARATOR = '\n---';

export type SeqIndent = 'wide' | 'compact';

/** By the first list whose items stand clearly: below their key, or in line with it. Without one it is what kyaml takes, or `otherwise`. */
export function seqIndentOf(text: string, otherwise: SeqIndent = 'compact'): SeqIndent {
  for (let at = text.indexOf('- '); at !== -1; at = text.indexOf('- ', at + 1)) {
    let start = at;
    while (text.charAt(start - 1) === ' ') start--;
    if (start > 0 && !LINE_END.test(text.charAt(start - 1))) continue;
    const key = keyLineBefore(text, start);
    if (key === '') continue;
    let first = 0;
    while (key.charAt(first) === ' ') first++;
    let end = key.length;
    while (key.charAt(end - 1) === ' ') end--;
    if (end <= first || key.indexOf(':') !== end - 1) continue;
    const deeper = at - start - first;
    if (deeper === 0) return 'compact';
    if (deeper === 2) return 'wide';
  }
  return otherwise;
}

const LINE_END = /[\n\r\u2028\u2029]/;

/** The line above that is no comment, without a comment at its end. */
function keyLineBefore(text: string, at: number): string {
  let end = at - 1;
  while (end >= 0) {
    const start = text.lastIndexOf('\n', end - 1) + 1;
    const line = end === 0 ? '' : text.slice(start, end);
    const comment = line.indexOf('#');
    if (comment === -1) return line;
    if (/[^ ]/.test(line.slice(0, comment))) return line.slice(0, comment);
    end = start - 1;
  }
  return '';
}

/** Nodes of a text that is not wrapped in a list, with the annotations that say where each is from. */
export function readDocuments(text: string, path: string | undefined, known = new KnownLines()): readonly YamlNode[] {
  const nodes: YamlNode[] = [];
  const place = path === undefined ? undefined : quoted(path);
  for (const part of splitDocuments(text.replaceAll('\r\n', '\n'))) {
    const document = parseDocument(part, known);
    if (document === undefined || isNull(root(document))) continue;
    requireUniqueKeys(document);
    const node = wrapBareList(document);
    if (root(node).kind !== KIND.mapping) throw new Terminal('holds a document that is neither a map nor a list');
    annotate(node, nodes.length, place, seqIndentOf(part));
    nodes.push(node);
  }
  return nodes;
}

function wrapBareList(document: YamlNode): YamlNode {
  const content = root(document);
  if (content.kind === KIND.sequence) return mapping([[BARE_LIST, content]]);
  return document.isBare ? content : document;
}

/** In the order of the keys, which is the order functions have always seen. */
function annotate(node: YamlNode, index: number, path: YamlNode | undefined, seqIndent: SeqIndent): void {
  completeRenamed(node);
  const annotations = annotationsToSet(node);
  const place = quotedNumber(index);
  setIn(annotations, ANNOTATION.legacyIndex, place);
  if (path !== undefined) setIn(annotations, ANNOTATION.legacyPath, path);
  setIn(annotations, ANNOTATION.index, place);
  if (path !== undefined) setIn(annotations, ANNOTATION.path, path);
  setIn(annotations, ANNOTATION.seqIndent, SEQ_INDENTS[seqIndent]);
}

const SEQ_INDENTS = { wide: quoted('wide'), compact: quoted('compact') } as const;
