import { parse, type TomlTable } from 'smol-toml';
import { type AST, parseTOML } from 'toml-eslint-parser';

/**
 * A configuration text, read twice: smol-toml tells what it means, toml-eslint-parser where each part stands, so that an
 * edit replaces a range and every other byte stays. Neither is the daemon's own parser; that one has the last word when
 * the shadow copy is loaded.
 */
export interface TomlDocument {
  readonly text: string;
  readonly value: TomlTable;
  readonly top: readonly (AST.TOMLKeyValue | AST.TOMLTable)[];
}

export type Parsed =
  | { readonly kind: 'toml'; readonly document: TomlDocument }
  | { readonly kind: 'invalid'; readonly message: string };

export function parseDocument(text: string): Parsed {
  try {
    const value = parse(text, { integersAsBigInt: 'asNeeded' });
    const top = parseTOML(text, { tomlVersion: '1.0' }).body[0].body;
    return { kind: 'toml', document: { text, value, top } };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { kind: 'invalid', message: message.split('\n')[0] ?? message };
  }
}

/** What stands at a path of keys; undefined where a part is missing or no table. */
export function valueAt(root: unknown, path: readonly string[]): unknown {
  let at = root;
  for (const key of path) {
    if (typeof at !== 'object' || at === null || Array.isArray(at)) return undefined;
    at = Object.hasOwn(at, key) ? (at as Record<string, unknown>)[key] : undefined;
  }
  return at;
}

export function tableAt(root: unknown, path: readonly string[]): Readonly<Record<string, unknown>> | undefined {
  const value = valueAt(root, path);
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}

/** The line ending a file uses: that of its first line, so that what we add looks like the rest. */
export function lineEnding(text: string): '\n' | '\r\n' {
  const first = text.indexOf('\n');
  return first > 0 && text[first - 1] === '\r' ? '\r\n' : '\n';
}

/** A string in TOML's basic form. Control characters never occur in what we write, and are escaped all the same. */
export function quoted(text: string): string {
  return JSON.stringify(text).replace(/\x7f/g, '\\u007f');
}

export function keyPath(keys: readonly string[]): string {
  return keys.map((key) => (/^[A-Za-z0-9_-]+$/.test(key) ? key : quoted(key))).join('.');
}
