import { KIND, STYLE, type YamlNode } from './node.ts';
import type { ScalarFacts } from './scalar-facts.ts';
import { resolve, shortTag } from './tag.ts';

/** In bytes; a longer key is written with '?'. */
const SIMPLE_KEY_MAX = 128;

/** What around a scalar has a say in its style. */
export interface ScalarPlace {
  readonly inFlow: boolean;
  readonly isKey: boolean;
  /** It would be taken for something else without quotes. */
  readonly forceQuotes: boolean;
}

/** In which style a scalar is written: its own where it can be. */
export function chooseStyle(node: YamlNode, facts: ScalarFacts, place: ScalarPlace): number {
  let style = givenStyle(node);
  if (style === 0 && node.value.includes('\n')) style = STYLE.literal;
  else if (style === 0 && place.forceQuotes) style = STYLE.double;
  if (place.isKey && facts.multiline) style = STYLE.double;
  if (style === 0) {
    if (place.inFlow ? !facts.flowPlain : !facts.blockPlain) style = STYLE.single;
    if (node.value === '' && (place.inFlow || place.isKey)) style = STYLE.single;
  }
  if (style === STYLE.single && !facts.singleQuoted) style = STYLE.double;
  const isBlock = style === STYLE.literal || style === STYLE.folded;
  if (isBlock && (!facts.block || place.inFlow || place.isKey)) style = STYLE.double;
  return style;
}

function givenStyle(node: YamlNode): number {
  if ((node.style & STYLE.double) !== 0) return STYLE.double;
  if ((node.style & STYLE.single) !== 0) return STYLE.single;
  if ((node.style & STYLE.literal) !== 0) return STYLE.literal;
  return (node.style & STYLE.folded) !== 0 ? STYLE.folded : 0;
}

/** A tag is written where it was written before, or where the value would be taken for something else without it. */
export function scalarTag(node: YamlNode): { readonly tag: string; readonly forceQuotes: boolean } {
  if (node.tag === '' || (node.style & STYLE.tagged) !== 0) return { tag: node.tag, forceQuotes: false };
  const tag = shortTag(node.tag);
  if (tag === '!!str' && givenStyle(node) !== 0) return NO_TAG;
  if (resolve(node.value) === tag) return NO_TAG;
  return tag === '!!str' ? QUOTES : { tag: node.tag, forceQuotes: false };
}

const NO_TAG = { tag: '', forceQuotes: false } as const;
const QUOTES = { tag: '', forceQuotes: true } as const;

export function collectionTag(node: YamlNode): string {
  if (node.tag === '' || (node.style & STYLE.tagged) !== 0) return node.tag;
  return shortTag(node.tag) === (node.kind === KIND.mapping ? '!!map' : '!!seq') ? '' : node.tag;
}

export function isSimpleKey(node: YamlNode): boolean {
  if (node.kind === KIND.alias) return Buffer.byteLength(node.value) <= SIMPLE_KEY_MAX;
  const isScalar = node.kind === KIND.scalar;
  if (!isScalar && node.content.length > 0) return false;
  if (isScalar && /[\n\r\x85\u2028\u2029]/.test(node.value)) return false;
  if (node.value.length < 40 && node.tag === '' && node.anchor === '') return true;
  const tag = isScalar ? scalarTag(node).tag : collectionTag(node);
  const length = Buffer.byteLength(node.value) + Buffer.byteLength(node.anchor) + Buffer.byteLength(tag);
  return length <= SIMPLE_KEY_MAX;
}
