import { load } from 'js-yaml';
import { messageOf } from '../../errors.ts';
import { missingField } from '../krm-resource.ts';

/** A ResourceList as text, looked at and not changed: what is given to a function and what came from it goes on byte for byte. */
export type Format = 'yaml' | 'json';

export interface ListText {
  readonly text: string;
  readonly format: Format;
  readonly apiVersion: string;
  readonly items: readonly unknown[];
  readonly functionConfig: unknown;
  readonly results: readonly FunctionResult[];
}

export interface FunctionResult {
  readonly message: string;
  readonly severity: 'error' | 'warning' | 'info';
}

export type Read = { readonly kind: 'list'; readonly list: ListText } | { readonly kind: 'none'; readonly why: string };

/** v1alpha1 is what the first WASI functions for kpt were written for. */
const VERSIONS = ['v1', 'v1beta1', 'v1alpha1'].map((version) => `config.kubernetes.io/${version}`);
const SHOWN_CHARACTERS = 200;

export function readList(text: string): Read {
  const parsed = parse(text);
  if (parsed.kind === 'none') return parsed;
  const { value, format } = parsed;
  if (!isRecord(value)) return none(`not an object`, text);
  const { kind, apiVersion, items, functionConfig, results } = value;
  if (kind !== 'ResourceList') return none(`its kind is ${JSON.stringify(kind)}`, text);
  if (typeof apiVersion !== 'string' || !VERSIONS.includes(apiVersion))
    return none(`its apiVersion is ${JSON.stringify(apiVersion)}, known are ${VERSIONS.join(', ')}`, text);
  if (items !== undefined && items !== null && !Array.isArray(items)) return none('its items are no sequence', text);
  return {
    kind: 'list',
    list: { text, format, apiVersion, items: items ?? [], functionConfig, results: resultsOf(results) },
  };
}

function parse(
  text: string,
): { readonly kind: 'value'; readonly value: unknown; readonly format: Format } | Extract<Read, { kind: 'none' }> {
  if (text.trim() === '') return { kind: 'none', why: 'nothing' };
  if (/^\s*\{/.test(text)) {
    try {
      return { kind: 'value', value: JSON.parse(text), format: 'json' };
    } catch {
      // YAML in flow style begins so, too.
    }
  }
  try {
    return { kind: 'value', value: load(text), format: 'yaml' };
  } catch (error) {
    return none(messageOf(error).split('\n')[0] ?? 'no YAML', text);
  }
}

function none(what: string, text: string): Extract<Read, { kind: 'none' }> {
  const shown = text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}...` : text;
  return { kind: 'none', why: `${what}: ${shown.trimEnd()}` };
}

/** The list of v1, and the `items` below `results` of the versions before. */
function resultsOf(results: unknown): readonly FunctionResult[] {
  const entries = isRecord(results) ? results['items'] : results;
  if (!Array.isArray(entries)) return [];
  return entries.filter(isRecord).map(({ message, severity }) => ({
    message: String(message ?? ''),
    severity: severity === 'error' || severity === 'warning' ? severity : 'info',
  }));
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The first item that is no object of Kubernetes' resource model. */
export function strangeItem(items: readonly unknown[]): string | undefined {
  for (const [index, item] of items.entries()) {
    if (!isRecord(item)) return `item ${index} is no object`;
    const { apiVersion, kind, metadata } = item;
    const name = isRecord(metadata) ? metadata['name'] : undefined;
    const names = { apiVersion: text(apiVersion), kind: text(kind), name: text(name), path: pathOf(metadata) };
    const missing = missingField(names);
    if (missing !== undefined) return `item ${index} (${JSON.stringify({ apiVersion, kind, name })}) has no ${missing}`;
  }
  return undefined;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function pathOf(metadata: unknown): string {
  const annotations = isRecord(metadata) ? metadata['annotations'] : undefined;
  if (!isRecord(annotations)) return '';
  return text(annotations['internal.config.kubernetes.io/path'] ?? annotations['config.kubernetes.io/path']);
}
