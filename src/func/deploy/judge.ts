import { type FunctionObject, readyCondition, urlOf } from './deployed-function.ts';

export type Judgement =
  | { readonly kind: 'ready'; readonly url: string }
  /** `compiling`: a node makes machine code of it, which takes as long as it takes. */
  | { readonly kind: 'waiting'; readonly says: string; readonly compiling?: true }
  | { readonly kind: 'failed'; readonly reason: string; readonly message: string };

/** Reasons of a start that go by: a Service or revision that is not there yet, pods on their way. */
const TRANSIENT = ['ServiceUnavailable', 'RevisionMissing', 'Deploying'];

/** Our operator's, of a start that waits for machine code. */
const COMPILING = 'Compiling';

/** Whether a function serves what was asked for last; a word about the version before counts for nothing. */
export function judge(object: FunctionObject): Judgement {
  const condition = readyCondition(object.status);
  const observed = object.status?.observedGeneration;
  const stale = observed !== undefined && observed < (object.metadata?.generation ?? 0);
  if (condition === undefined || stale) {
    return { kind: 'waiting', says: 'waiting for a controller to take it up' };
  }
  const { status, reason = '', message = '' } = condition;
  const says = [reason, message].filter(Boolean).join(': ') || 'waiting for the condition Ready';
  if (status === 'True') {
    const url = urlOf(object.status);
    return url === undefined ? { kind: 'waiting', says: 'ready; its address is not told yet' } : { kind: 'ready', url };
  }
  if (status !== 'False' && reason === COMPILING) return { kind: 'waiting', says, compiling: true };
  if (status !== 'False' || TRANSIENT.includes(reason)) return { kind: 'waiting', says };
  return { kind: 'failed', reason, message };
}
