import { RUNTIMES } from './handlers.ts';
import { OWN_PATTERN } from './imports.ts';

/** One text for equal configurations, whatever the order of their keys: TOML's values, or a dump's. */
export function canonical(value: unknown): string {
  if (typeof value === 'bigint' || value instanceof Date || typeof value !== 'object' || value === null)
    return `${typeof value}:${String(value)}`;
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}=${canonical(item)}`).join(',')}}`;
}

/**
 * An option of a runtime that is told and says nothing: what is not told is so as well. containerd 1.7 prints more of them for
 * its built-in runc than 2.x does.
 */
export const isIdleOption = (value: unknown): boolean => value === '' || value === false || value === 0 || value === 0n;

type Mutable = Record<string, unknown>;
const asTable = (value: unknown): Mutable | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date)
    ? (value as Mutable)
    : undefined;

/** A configuration without these handlers and without our import: what must stay the same whatever we do. */
export function withoutOurs(value: unknown, names: readonly string[]): unknown {
  const copy = structuredClone(value) as Mutable;
  for (const path of Object.values(RUNTIMES)) removeHandlers(copy, path, names);
  if (Array.isArray(copy['imports'])) {
    const others = copy['imports'].filter((entry) => entry !== OWN_PATTERN);
    if (others.length > 0) copy['imports'] = others;
    else delete copy['imports'];
  }
  return copy;
}

/** With the tables above them that have become empty: `[a.b.c]` alone makes `a` and `a.b`. */
function removeHandlers(root: Mutable, path: readonly string[], names: readonly string[]): void {
  const [key, ...rest] = path;
  if (key === undefined) {
    for (const name of names) delete root[name];
    return;
  }
  const child = asTable(root[key]);
  if (child === undefined) return;
  removeHandlers(child, rest, names);
  if (Object.keys(child).length === 0) delete root[key];
}
