import type { Action } from './action.ts';
import { parsePod } from './ending.ts';
import type { Facts } from './facts.ts';
import { mark } from './mark.ts';
import { cut } from './outcome.ts';
import type { Policy } from './policy.ts';
import type { Finding } from './reason.ts';
import type { NodeRecord } from './record.ts';
import { report } from './report.ts';
import { policyOf } from './uninstall-policy.ts';

/** What becomes of the pods that hold up an uninstall. */
export type Way =
  /** Nothing is done about them; `note`: what a person should know about that. */
  | { readonly kind: 'patience'; readonly note: string }
  | { readonly kind: 'busy'; readonly actions: readonly Action[] }
  /** All are gone: the uninstall may go on at once. */
  | { readonly kind: 'clear' };

/** Pods that come back are ended a few times at once; then, whatever makes them, the wait between attempts is ours. */
const AT_ONCE_MAX = 3;
const PAUSE_MS_MIN = 3_000;
const PAUSE_MS_MAX = 60_000;

export function clearTheWay(facts: Facts, policy: Policy, record: NodeRecord, nowMs: number): Way {
  const { node } = facts;
  const { policy: how, note } = policyOf(node, policy);
  const pods = (record.reason === 'InUse' ? (record.pods ?? []) : []).flatMap((text) => parsePod(text) ?? []);
  if (how === 'Block' || pods.length === 0) return { kind: 'patience', note };
  // The record holds since when, so that a restart of the operator does not begin the time anew.
  if (record.ending?.policy !== how) {
    const begun = { ...record, ending: { policy: how, since: new Date(nowMs).toISOString() } };
    return { kind: 'busy', actions: mark(node, begun, []) }; // its echo brings the node back here
  }
  const { timeoutSeconds } = policy.uninstall;
  const sinceMs = Date.parse(record.ending.since);
  const known = facts.ending?.job === record.job ? facts.ending : undefined;
  if (known?.pods.every(({ state }) => state === 'gone')) {
    return record.attempts > AT_ONCE_MAX ? { kind: 'patience', note } : { kind: 'clear' };
  }
  if (nowMs - sinceMs > timeoutSeconds * 1000) {
    return { kind: 'patience', note: `${how} was given up after ${timeoutSeconds} s. ${note}` };
  }
  const waitMs = known === undefined ? 0 : waitAfter(known.atMs, sinceMs, nowMs);
  const said = known === undefined ? [] : report(node, findingOf(how, known.pods), nowMs);
  const next: Action =
    waitMs <= 0
      ? { kind: 'endPods', policy: how, job: record.job, pods }
      : { kind: 'recheck', afterMs: Math.ceil(waitMs) };
  return { kind: 'busy', actions: [...said, next] };
}

/** The longer it takes, the longer the pauses; a stamp ahead of our clock postpones nothing. */
function waitAfter(lookedMs: number, sinceMs: number, nowMs: number): number {
  const pauseMs = Math.min(PAUSE_MS_MAX, Math.max(PAUSE_MS_MIN, (lookedMs - sinceMs) / 4));
  return Math.min(pauseMs, lookedMs + pauseMs - nowMs);
}

type Known = NonNullable<Facts['ending']>['pods'];

function findingOf(how: 'Evict' | 'Force', pods: Known): Finding {
  const left = pods.filter(({ state }) => state !== 'gone').map(({ pod, why }) => `${pod} (${why})`);
  const blocked = pods.some(({ state }) => state === 'blocked');
  const done = how === 'Evict' ? 'evicted' : 'deleted';
  const message = `Uninstall: Wasm pods of this node are being ${done} (policy ${how}); still there: ${cut(left.join(', '))}`;
  return { reason: blocked ? 'PodsHeld' : 'EndingPods', message };
}
