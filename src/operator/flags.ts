import { Terminal } from '../errors.ts';

/**
 * Flags as Go's flag package reads them, for the manifests that pass them to KWasm's operator: one dash or two, `=` or a
 * space, and a boolean stands alone or takes `=`.
 */
export interface FlagTable {
  readonly [name: string]: 'boolean' | 'string';
}

export type Flags = ReadonlyMap<string, string>;

export function parseFlags(args: readonly string[], table: FlagTable): Flags {
  const flags = new Map<string, string>();
  for (let index = 0; index < args.length; index += 1) {
    const arg = args[index] ?? '';
    const match = /^--?([a-z][a-z0-9-]*)(?:=(.*))?$/s.exec(arg);
    const name = match?.[1];
    const kind = name === undefined || !Object.hasOwn(table, name) ? undefined : table[name];
    if (name === undefined || kind === undefined)
      throw new Terminal(`unknown argument ${arg}; known are ${known(table)}`);
    let value = match?.[2];
    if (value === undefined && kind === 'boolean') value = 'true';
    if (value === undefined) {
      index += 1;
      value = args[index];
    }
    if (value === undefined) throw new Terminal(`--${name} needs a value`);
    if (kind === 'boolean' && value !== 'true' && value !== 'false') {
      throw new Terminal(`--${name} is true or false, not ${value}`);
    }
    flags.set(name, value);
  }
  return flags;
}

function known(table: FlagTable): string {
  return Object.keys(table)
    .map((name) => `--${name}`)
    .join(', ');
}
