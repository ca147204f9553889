import { readFileSync } from 'node:fs';
import { isMap, isScalar, type Pair, parseDocument, type YAMLMap } from 'yaml';
import { CHART } from '../chart/helm.ts';
import { fillTables } from './tables.ts';

/** One value of the chart: what it is called, what it may be, what it is by default, and what values.yaml says about it. */
export interface Value {
  readonly path: string;
  readonly type: string;
  readonly initial: string;
  readonly comment: string;
}

export interface Schema {
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly definitions?: Readonly<Record<string, Schema>>;
  readonly $ref?: string;
}

/** docs/values-reference.md with the chart's own keys, defaults and comments. */
export function withValues(page: string): string {
  const schema = JSON.parse(readFileSync(`${CHART}/values.schema.json`, 'utf8')) as Schema;
  const values = valuesOf(readFileSync(`${CHART}/values.yaml`, 'utf8'), schema);
  return fillTables(page, {
    values: () => [
      '| value | type | default | |',
      '|---|---|---|---|',
      ...values.map(({ path, type, initial, comment }) => `| \`${path}\` | ${type} | ${initial} | ${comment} |`),
    ],
  });
}

export function valuesOf(text: string, schema: Schema): readonly Value[] {
  const { contents } = parseDocument(text);
  if (!isMap(contents)) throw new Error('values.yaml is not a mapping');
  return leaves(contents, schema, schema, '');
}

function leaves(map: YAMLMap, schema: Schema, root: Schema, at: string): readonly Value[] {
  return map.items.flatMap((pair, index) => {
    const { key, value } = pair as Pair;
    const name = String(isScalar(key) ? key.value : key);
    const path = at === '' ? name : `${at}.${name}`;
    const inner = resolve(schema.properties?.[name], root);
    // The comment above a mapping's first key is kept with the mapping.
    const comment = commentOf(key) || (index === 0 ? clean(map.commentBefore) : '');
    if (isMap(value) && value.items.length > 0 && inner?.properties !== undefined) {
      const own: Value = { path, type: 'object', initial: '', comment };
      const below = leaves(value, inner, root, path);
      return comment === '' ? below : [own, ...below];
    }
    return [{ path, type: typeOf(inner, root), initial: initialOf(value), comment }];
  });
}

function commentOf(key: unknown): string {
  const before = (key as { readonly commentBefore?: string | null } | null)?.commentBefore;
  // A blank line within a comment ends what was said about something else.
  return clean(before?.split(/\n\s*\n/).at(-1));
}

function clean(comment: string | null | undefined): string {
  const text = (comment ?? '')
    .split('\n')
    .map((line) => line.trim())
    .join(' ')
    .replace(/\(new\) /g, '')
    .trim();
  return text.replaceAll('|', '\\|').replace(/</g, '&lt;');
}

function resolve(schema: Schema | undefined, root: Schema): Schema | undefined {
  const name = schema?.$ref?.replace('#/definitions/', '');
  return name === undefined ? schema : root.definitions?.[name];
}

function typeOf(given: Schema | undefined, root: Schema): string {
  const schema = resolve(given, root);
  if (schema === undefined) return '';
  if (schema.enum !== undefined) return schema.enum.map((one) => `\`${String(one)}\``).join(', ');
  const either = schema.anyOf ?? schema.oneOf;
  if (either !== undefined)
    return [...new Set(either.map((one) => typeOf(one, root)).filter((type) => type !== 'null'))].join(' or ');
  const types = [schema.type ?? []].flat().filter((type) => type !== 'null');
  const named = types.map((type) => (type === 'array' ? `list of ${typeOf(schema.items, root) || 'anything'}` : type));
  const { minimum: least, maximum: most } = schema;
  const range = least === undefined ? '' : most === undefined ? `, ${least} or more` : `, ${least} to ${most}`;
  return `${named.join(' or ')}${range}`;
}

function initialOf(value: unknown): string {
  const plain = (value as { toJSON?: () => unknown } | null)?.toJSON?.() ?? null;
  return `\`${JSON.stringify(plain)}\``.replaceAll('|', '\\|');
}
