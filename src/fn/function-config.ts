import { existsSync, readFileSync } from 'node:fs';
import { messageOf, Terminal } from '../errors.ts';
import { readDocuments } from './documents.ts';
import { toText } from './results.ts';
import { mapping, STYLE, scalar, type YamlNode } from './yaml/node.ts';

const NAME = mapping([['name', scalar('function-input')]]);

/** `-- key=value …`; a first word without '=' is the kind. Fields in kpt's order, and as with kpt it is there without words, too. */
export function configOfArguments(words: readonly string[]): YamlNode {
  const [first = ''] = words;
  const hasKind = words.length > 0 && !first.includes('=');
  const pairs = (hasKind ? words.slice(1) : words).map((word): readonly [string, string] => {
    const at = word.indexOf('=');
    if (at < 1) throw new Terminal(`${word}: give it as key=value`);
    return [word.slice(0, at), word.slice(at + 1)];
  });
  return mapping([
    ['metadata', NAME],
    ['data', dataOf(pairs)],
    ['kind', scalar(hasKind ? first : 'ConfigMap')],
    ['apiVersion', scalar('v1')],
  ]);
}

/** `configMap` of a Kptfile. */
export function configOfMap(pairs: readonly (readonly [string, string])[]): YamlNode | undefined {
  if (pairs.length === 0) return undefined;
  return mapping([
    ['apiVersion', scalar('v1')],
    ['kind', scalar('ConfigMap')],
    ['metadata', NAME],
    ['data', dataOf(pairs)],
  ]);
}

function dataOf(pairs: readonly (readonly [string, string])[]): YamlNode {
  const data = mapping(pairs.map(([key, value]) => [key, toText(value)] as const));
  data.style = STYLE.flow;
  return data;
}

export function configOfFile(file: string, named: string): YamlNode {
  if (!existsSync(file)) throw new Terminal(`missing function config ${JSON.stringify(named)}`);
  try {
    const nodes = readDocuments(readFileSync(file, 'utf8'), undefined);
    const [node] = nodes;
    if (node === undefined || nodes.length > 1) throw new Terminal('must hold one resource');
    return node;
  } catch (error) {
    throw new Terminal(`invalid function config ${JSON.stringify(named)}: ${messageOf(error)}`, { cause: error });
  }
}
