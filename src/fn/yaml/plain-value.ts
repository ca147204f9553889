import { KIND, root, type YamlNode } from './node.ts';
import { tagOf } from './tag.ts';

/** Aliases may stand for aliases; nobody nests them deeper, and a bomb does. */
const NODES_MAX = 1_000_000;

export type PlainValue =
  | null
  | boolean
  | number
  | string
  | readonly PlainValue[]
  | { readonly [key: string]: PlainValue };

/** What a node means, without how it is written: for reading what is not written back. Timestamps stay text. */
export function plainValue(node: YamlNode): PlainValue {
  let count = 0;
  const convert = (at: YamlNode): PlainValue => {
    count++;
    if (count > NODES_MAX) throw new RangeError(`more than ${NODES_MAX} values`);
    if (at.kind === KIND.alias) return at.alias === undefined ? null : convert(at.alias);
    if (at.kind === KIND.sequence) return at.content.map(convert);
    if (at.kind === KIND.mapping) return convertMap(at);
    return scalarValue(at);
  };
  const convertMap = (at: YamlNode): PlainValue => {
    const fields: (readonly [string, PlainValue])[] = [];
    for (let i = 0; i + 1 < at.content.length; i += 2) {
      const key = at.content[i];
      const value = at.content[i + 1];
      if (key !== undefined && value !== undefined) fields.push([key.value, convert(value)]);
    }
    return Object.fromEntries(fields);
  };
  return convert(root(node));
}

function scalarValue(node: YamlNode): PlainValue {
  const { value } = node;
  switch (tagOf(node)) {
    case '!!null':
      return null;
    case '!!bool':
      return /^t/i.test(value);
    case '!!int':
      return integer(value.replaceAll('_', ''));
    case '!!float':
      return float(value.replaceAll('_', ''));
    default:
      return value;
  }
}

function integer(text: string): number {
  const negative = text.startsWith('-');
  const digits = text.replace(/^[-+]/, '');
  const value = Number(/^0[0-7]+$/.test(digits) ? `0o${digits.slice(1)}` : digits.toLowerCase());
  return negative ? -value : value;
}

function float(text: string): number {
  if (/nan$/i.test(text)) return Number.NaN;
  if (/inf$/i.test(text)) return text.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  return Number(text);
}
