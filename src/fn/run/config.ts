import { readFile } from 'node:fs/promises';
import { load } from 'js-yaml';
import { messageOf } from '../../errors.ts';
import { BadInput, type FunctionConfig } from './input.ts';
import { isRecord } from './list-text.ts';

/** A functionConfig from a file, or from `-- [KIND] key=value ...` as kpt makes it: names and order of its fields are kpt's. */
export async function configFromFile(path: string): Promise<FunctionConfig> {
  let value: unknown;
  try {
    value = load(await readFile(path, 'utf8'));
  } catch (cause) {
    throw new BadInput(`--fn-config ${path} cannot be read: ${messageOf(cause)}`);
  }
  if (!isRecord(value)) throw new BadInput(`--fn-config ${path} holds no object`);
  return value;
}

export function configFromArguments(given: readonly string[]): FunctionConfig | undefined {
  const [first] = given;
  if (first === undefined) return undefined;
  const kind = first.includes('=') ? 'ConfigMap' : first;
  const pairs = kind === first ? given.slice(1) : given;
  const data: Record<string, string> = Object.create(null);
  for (const pair of pairs) {
    const cut = pair.indexOf('=');
    if (cut < 1) throw new BadInput(`arguments behind -- are key=value, got ${JSON.stringify(pair)}`);
    data[pair.slice(0, cut)] = pair.slice(cut + 1);
  }
  return { metadata: { name: 'function-input' }, data, kind, apiVersion: 'v1' };
}
