import * as z from 'zod';
import { Terminal } from '../errors.ts';
import type { FunctionResult, ResourceRef } from './results.ts';
import { field, KIND, type YamlNode } from './yaml/node.ts';
import { plainValue } from './yaml/plain-value.ts';

const names = { name: z.string().optional(), namespace: z.string().optional() };
const item = z.object({
  // Required, and one of three, by the specification; kpt takes what comes, and so functions have come to say less and more.
  message: z.string().default(''),
  severity: z.string().optional(),
  resourceRef: z
    .object({
      apiVersion: z.string().optional(),
      kind: z.string().optional(),
      ...names,
      metadata: z.object(names).optional(),
    })
    .optional(),
  field: z
    .object({ path: z.string(), currentValue: z.unknown(), proposedValue: z.unknown(), suggestedValue: z.unknown() })
    .partial({ currentValue: true, proposedValue: true, suggestedValue: true })
    .optional(),
  file: z.object({ path: z.string(), index: z.number().optional() }).optional(),
  tags: z.record(z.string(), z.string()).optional(),
});

/** `results` of a list: a list of findings, or the older form with the findings below `items`. */
export function readResults(node: YamlNode | undefined): readonly FunctionResult[] {
  if (node === undefined) return [];
  const inner = node.kind === KIND.mapping ? field(node, 'items') : node;
  if (inner === undefined || inner.content.length === 0) return [];
  const parsed = z.array(item).safeParse(plainValue(inner));
  if (!parsed.success) throw new Terminal(`returned results that cannot be read: ${z.prettifyError(parsed.error)}`);
  return parsed.data.map(toResult);
}

function toResult({ message, severity, resourceRef, field: at, file, tags }: z.infer<typeof item>): FunctionResult {
  const proposed = at?.proposedValue ?? at?.suggestedValue;
  return {
    message,
    severity,
    ...(resourceRef === undefined ? {} : { resourceRef: toRef(resourceRef) }),
    ...(at === undefined
      ? {}
      : {
          field: {
            path: at.path,
            ...(at.currentValue === undefined ? {} : { currentValue: at.currentValue }),
            ...(proposed === undefined ? {} : { proposedValue: proposed }),
          },
        }),
    ...(file === undefined ? {} : { file: { path: file.path, ...(file.index ? { index: file.index } : {}) } }),
    ...(tags === undefined ? {} : { tags: Object.fromEntries(Object.entries(tags).sort(byKey)) }),
  };
}

function toRef(ref: NonNullable<z.infer<typeof item>['resourceRef']>): ResourceRef {
  const { apiVersion, kind } = ref;
  return {
    apiVersion,
    kind,
    name: ref.name ?? ref.metadata?.name,
    namespace: ref.namespace ?? ref.metadata?.namespace,
  };
}

function byKey([a]: readonly [string, string], [b]: readonly [string, string]): number {
  return a < b ? -1 : 1;
}
