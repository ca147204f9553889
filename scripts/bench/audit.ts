import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { USER } from './namespace.ts';

interface AuditEvent {
  readonly stage: string;
  readonly verb: string;
  readonly requestURI: string;
  readonly user: { readonly username: string };
  readonly objectRef?: { readonly resource?: string; readonly subresource?: string; readonly name?: string };
  readonly responseStatus?: { readonly code?: number };
  readonly requestReceivedTimestamp: string;
}

/** One request of the operator, as the API server wrote it down. */
export interface Asked {
  readonly verb: string;
  /** `nodes`, `nodes/status`, `jobs`. */
  readonly resource: string;
  readonly name: string;
  readonly code: number;
  readonly atMs: number;
  /** A list that was given, whichever way it was asked for. */
  readonly isList: boolean;
}

/** What the operator asked for, all of it, from the API server's audit log. A watch counts once, when it begins. */
export async function asked(auditLog: string): Promise<readonly Asked[]> {
  const found: Asked[] = [];
  for await (const line of createInterface({ input: createReadStream(auditLog) })) {
    if (!line.includes(USER)) continue;
    const { stage, verb, requestURI, user, objectRef, responseStatus, requestReceivedTimestamp } = JSON.parse(
      line,
    ) as AuditEvent;
    if (user.username !== USER || stage !== (verb === 'watch' ? 'ResponseStarted' : 'ResponseComplete')) continue;
    const { resource = '', subresource, name = '' } = objectRef ?? {};
    const code = responseStatus?.code ?? 0;
    found.push({
      verb,
      resource: subresource === undefined ? resource : `${resource}/${subresource}`,
      name,
      code,
      atMs: Date.parse(requestReceivedTimestamp),
      isList: code < 300 && (verb === 'list' || requestURI.includes('sendInitialEvents')),
    });
  }
  return found;
}

/** Nothing is logged but what the operator does: the log must not slow down what it counts. */
export const BENCH_AUDIT_POLICY = JSON.stringify({
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived'],
  rules: [{ level: 'Metadata', users: [USER] }, { level: 'None' }],
});

const READS: ReadonlySet<string> = new Set(['get', 'list', 'watch']);

export function writes(all: readonly Asked[]): readonly Asked[] {
  return all.filter(({ verb, resource }) => !READS.has(verb) && resource !== 'events' && resource !== 'leases');
}

/** Of single objects or lists: what a decision would have to wait for. The watches, with their initial list, are not. */
export function reads(all: readonly Asked[]): readonly Asked[] {
  return all.filter(({ verb, resource }) => (verb === 'get' || verb === 'list') && resource !== 'leases');
}

/** `create jobs: 5000, patch nodes: 5000`, with the code where it is no success. */
export function tally(all: readonly Asked[]): string {
  const counts = new Map<string, number>();
  for (const { verb, resource, code } of all) {
    const key = `${verb} ${resource}${code < 300 ? '' : ` (${code})`}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return [...counts].map(([key, count]) => `${key}: ${count}`).join(', ') || 'none';
}
