import * as z from 'zod';
import { messageOf, Terminal } from '../errors.ts';
import type { FunctionSource } from './program.ts';
import type { Selection } from './selection.ts';
import { field, KIND, lookup, root, type YamlNode } from './yaml/node.ts';
import { parseDocument } from './yaml/parser.ts';
import { plainValue } from './yaml/plain-value.ts';

/** A function as a Kptfile declares it. */
export interface DeclaredFunction {
  readonly source: FunctionSource;
  readonly name: string | undefined;
  readonly configPath: string | undefined;
  /** Values are text, whatever they look like. */
  readonly configMap: readonly (readonly [string, string])[];
  readonly selection: Selection;
  /** CEL; the function is skipped where it is false. */
  readonly condition: string | undefined;
}

export interface Pipeline {
  readonly mutators: readonly DeclaredFunction[];
  readonly validators: readonly DeclaredFunction[];
}

const texts = z.record(z.string(), z.string());
const selector = z.strictObject({
  apiVersion: z.string().optional(),
  kind: z.string().optional(),
  name: z.string().optional(),
  namespace: z.string().optional(),
  labels: texts.optional(),
  annotations: texts.optional(),
});
const declared = z
  .strictObject({
    image: z.string().optional(),
    exec: z.string().optional(),
    tag: z.string().optional(),
    name: z.string().optional(),
    configPath: z.string().optional(),
    configMap: z.record(z.string(), z.unknown()).optional(),
    selectors: z.array(selector).optional(),
    exclude: z.array(selector).optional(),
    condition: z.string().optional(),
  })
  .refine(({ image, exec }) => (image === undefined) !== (exec === undefined), 'names either an image or an exec')
  .refine(
    ({ configPath, configMap }) => configPath === undefined || configMap === undefined,
    'has both configPath and configMap',
  )
  .refine(({ tag, image }) => tag === undefined || image !== undefined, 'has a tag without an image');
const kptfile = z.object({
  apiVersion: z.literal('kpt.dev/v1', 'expected kpt.dev/v1; `kpt pkg` moves older packages to it'),
  kind: z.literal('Kptfile'),
  pipeline: z
    .strictObject({ mutators: z.array(declared).nullish(), validators: z.array(declared).nullish() })
    .nullish(),
});

export function readPipeline(text: string, file: string): Pipeline {
  const document = parse(text, file);
  const parsed = kptfile.safeParse(plainValue(document));
  if (!parsed.success) throw new Terminal(`${file}: ${z.prettifyError(parsed.error)}`);
  const { pipeline } = parsed.data;
  const functions = (phase: 'mutators' | 'validators') =>
    (pipeline?.[phase] ?? []).map((one, i) => toFunction(one, lookup(document, 'pipeline', phase)?.content[i]));
  return { mutators: functions('mutators'), validators: functions('validators') };
}

function parse(text: string, file: string): YamlNode {
  try {
    const document = parseDocument(text.replaceAll('\r\n', '\n'));
    if (document === undefined) throw new Terminal('is empty');
    return document;
  } catch (error) {
    throw new Terminal(`${file}: ${messageOf(error)}`, { cause: error });
  }
}

function toFunction(given: z.infer<typeof declared>, node: YamlNode | undefined): DeclaredFunction {
  const { image, exec, tag, name, configPath, condition } = given;
  return {
    source: exec === undefined ? { kind: 'image', image: withTag(image ?? '', tag) } : { kind: 'exec', command: exec },
    name,
    configPath,
    configMap: node === undefined ? [] : pairs(field(root(node), 'configMap')),
    selection: { selectors: given.selectors ?? [], exclude: given.exclude ?? [] },
    condition,
  };
}

/** `tag` takes the place of the image's own. */
function withTag(image: string, tag: string | undefined): string {
  if (tag === undefined || tag === '') return image;
  if (!/^[\w][\w.-]{0,127}$/.test(tag))
    throw new Terminal(`${image}: tag ${JSON.stringify(tag)} is a range; name one tag or a digest`);
  return `${image.replace(/@.*$/, '').replace(/:[^:/]*$/, '')}:${tag}`;
}

function pairs(node: YamlNode | undefined): readonly (readonly [string, string])[] {
  if (node === undefined || node.kind !== KIND.mapping) return [];
  const found: (readonly [string, string])[] = [];
  for (let i = 0; i + 1 < node.content.length; i += 2) {
    const key = node.content[i];
    const value = node.content[i + 1];
    if (key === undefined || value === undefined) break;
    if (value.kind !== KIND.scalar) throw new Terminal(`configMap: ${key.value} is no text`);
    found.push([key.value, value.value]);
  }
  return found;
}
