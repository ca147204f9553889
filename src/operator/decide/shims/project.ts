import { MANAGED_BY, MANAGED_BY_LABEL } from '../../../contract.ts';
import { shimSpecSchema } from '../../../shims/spec.ts';
import type { Parsed, ShimView } from './view.ts';

/** A custom resource as the API server sends it: JSON, and checked by no more than the schema that the CRD has today. */
export interface ShimObject {
  readonly metadata?: {
    readonly name?: string;
    readonly uid?: string;
    readonly generation?: number;
    readonly deletionTimestamp?: string;
    readonly finalizers?: readonly string[];
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly spec?: unknown;
  readonly status?: unknown;
}

export function projectShim(object: ShimObject): ShimView {
  return { ...common(object), origin: 'kwasm', ...specOf(object.spec) };
}

/** What both kinds of Shim have. */
export function common({ metadata, status }: ShimObject) {
  const { name = '', uid = '', generation = 0, deletionTimestamp, finalizers = [], labels } = metadata ?? {};
  return {
    name,
    uid,
    generation,
    leavingMs: deletionTimestamp === undefined ? undefined : new Date(deletionTimestamp).getTime(),
    finalizers,
    managed: labels?.[MANAGED_BY_LABEL] === MANAGED_BY,
    status: status === undefined ? '' : JSON.stringify(status),
  };
}

function specOf(data: unknown): Pick<ShimView, 'handler' | 'nodeSelector' | 'spec'> {
  const written = fieldsOf(data);
  const selector = Object.entries(fieldsOf(written['nodeSelector']));
  return {
    handler: typeof written['handler'] === 'string' ? written['handler'] : '',
    nodeSelector: Object.fromEntries(selector.map(([key, value]) => [key, String(value)])),
    spec: parsed(data),
  };
}

function parsed(data: unknown): Parsed {
  const result = shimSpecSchema.safeParse(data);
  if (result.success) return { kind: 'spec', spec: result.data };
  const problems = result.error.issues.map(({ path, message }) => `spec.${path.join('.')}: ${message}`);
  return { kind: 'problem', reason: 'Invalid', message: problems.join('; ') };
}

export function fieldsOf(data: unknown): Readonly<Record<string, unknown>> {
  return typeof data === 'object' && data !== null ? (data as Readonly<Record<string, unknown>>) : {};
}
