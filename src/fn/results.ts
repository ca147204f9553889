import { Emitter } from './yaml/emitter.ts';
import { mapping, STYLE, scalar, sequence, text, type YamlNode } from './yaml/node.ts';
import { resolve } from './yaml/tag.ts';

/** One finding of a function (KRM functions specification), with the older spellings folded in. */
export interface FunctionResult {
  readonly message: string;
  /** error, warning or info; what else a function says is passed on. */
  readonly severity: string | undefined;
  readonly resourceRef?: ResourceRef;
  readonly field?: { readonly path: string; readonly currentValue?: unknown; readonly proposedValue?: unknown };
  readonly file?: { readonly path: string; readonly index?: number };
  readonly tags?: Readonly<Record<string, string>>;
}

export interface ResourceRef {
  readonly apiVersion?: string | undefined;
  readonly kind?: string | undefined;
  readonly name?: string | undefined;
  readonly namespace?: string | undefined;
}

/** What became of one function. */
export interface StepRecord {
  readonly source:
    | { readonly kind: 'exec'; readonly command: string }
    | { readonly kind: 'image'; readonly image: string };
  readonly exitCode: number;
  readonly stderr: string;
  readonly results: readonly FunctionResult[];
}

/** `results.yaml`, in kpt's form: fields in its order, lists indented. */
export function resultsFile(records: readonly StepRecord[], exitCode: number): string {
  const items = sequence(records.map(recordNode));
  const node = mapping([
    ['apiVersion', scalar('kpt.dev/v1')],
    ['kind', scalar('FunctionResultList')],
    ['metadata', mapping([['name', scalar('fnresults')]])],
    ['exitCode', scalar(String(exitCode))],
  ]);
  if (records.length > 0) node.content.push(scalar('items'), items);
  const emitter = new Emitter();
  emitter.document(node, { lists: 'wide' });
  return emitter.text;
}

function recordNode({ source, exitCode, stderr, results }: StepRecord): YamlNode {
  const named =
    source.kind === 'image' ? (['image', toText(source.image)] as const) : (['exec', toText(source.command)] as const);
  const fields: (readonly [string, YamlNode])[] = [named];
  if (stderr !== '') fields.push(['stderr', toText(stderr)]);
  fields.push(['exitCode', scalar(String(exitCode))]);
  if (results.length > 0) fields.push(['results', sequence(results.map((result) => toNode(result)))]);
  return mapping(fields);
}

/** Strings as Go's encoder writes them: plain where they stay strings, a block where they have lines. */
export function toText(value: string): YamlNode {
  if (value.includes('\n')) return text(value, STYLE.literal);
  return YAML_1_1_WORD.test(value) && resolve(value) === '!!str' ? text(value, STYLE.double) : text(value);
}

/** YAML 1.1 took these for booleans, and numbers with ':' for times. */
const YAML_1_1_WORD =
  /^(?:y|Y|yes|Yes|YES|on|On|ON|n|N|no|No|NO|off|Off|OFF|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?)$/;

export function toNode(value: unknown): YamlNode {
  if (typeof value === 'string') return toText(value);
  if (Array.isArray(value)) return sequence(value.map(toNode));
  if (typeof value === 'object' && value !== null) {
    const given = Object.entries(value).filter(([, inner]) => inner !== undefined);
    return mapping(given.map(([key, inner]) => [key, toNode(inner)] as const));
  }
  return scalar(String(value));
}

export function hasErrors(results: readonly FunctionResult[]): boolean {
  return results.some(({ severity }) => severity === 'error');
}
