import type { YamlNode } from './yaml/node.ts';
import { type PlainValue, plainValue } from './yaml/plain-value.ts';

/** A resource as a .json file, as Go's encoder writes it: keys sorted, indented by two, '<', '>' and '&' escaped. */
export function jsonText(node: YamlNode): string {
  const text = JSON.stringify(sorted(plainValue(node)), undefined, 2);
  return `${text.replaceAll(/[<>&\u2028\u2029]/g, escaped)}\n`;
}

function sorted(value: PlainValue): PlainValue {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const keys = Object.keys(value).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  const fields = value as { readonly [key: string]: PlainValue };
  return Object.fromEntries(keys.map((key) => [key, sorted(fields[key] ?? null)]));
}

function escaped(char: string): string {
  return `\\u${(char.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`;
}
