import { load } from 'js-yaml';
import { messageOf } from '../../errors.ts';
import { isRecord } from './function-spec.ts';

/** kustomize's rule: a validator gives back what it was given, but for the label `validated-by`. undefined: it did. */
export function validatorProblem(input: string, output: string): string | undefined {
  const rule = "validator shouldn't modify the resource map";
  try {
    const [before, after] = [objects(input), objects(output)];
    for (const [text, name] of before) if (!after.has(text)) return `${rule}: ${name} was changed or removed`;
    for (const [text, name] of after) if (!before.has(text)) return `${rule}: ${name} was added`;
    return undefined;
  } catch (error) {
    return `${rule}: what it returned cannot be read: ${messageOf(error)}`;
  }
}

/** Each object as text that does not depend on how it was written, and its name. */
function objects(list: string): ReadonlyMap<string, string> {
  const value: unknown = load(list);
  const items: unknown = isRecord(value) ? value['items'] : undefined;
  return new Map((Array.isArray(items) ? items : []).map((item: unknown) => [stable(cleaned(item)), nameOf(item)]));
}

/** What the function runner, and the reader in a function, note on an object for themselves. */
const NOTES =
  /^(internal\.config\.kubernetes\.io\/.*|config\.kubernetes\.io\/(index|path)|config\.k8s\.io\/id|kustomize\.config\.k8s\.io\/id)$/;

function cleaned(item: unknown): unknown {
  if (!isRecord(item) || !isRecord(item['metadata'])) return item;
  const { labels, annotations, ...metadata } = item['metadata'];
  const left = {
    ...metadata,
    ...without('labels', labels, (key) => key === 'validated-by'),
    ...without('annotations', annotations, (key) => NOTES.test(key)),
  };
  return { ...item, metadata: left };
}

function without(name: string, value: unknown, drop: (key: string) => boolean): object {
  if (!isRecord(value)) return {};
  const kept = Object.entries(value).filter(([key]) => !drop(key));
  return kept.length === 0 ? {} : { [name]: Object.fromEntries(kept) };
}

function stable(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    isRecord(part) ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1))) : part,
  );
}

function nameOf(item: unknown): string {
  if (!isRecord(item)) return 'what is no object';
  const metadata = isRecord(item['metadata']) ? item['metadata'] : {};
  return `${String(item['kind'])} ${String(metadata['name'])}`;
}
