import type { Action } from './action.ts';
import { type Proof, proofOf } from './canary.ts';
import { triedByCanary } from './canary-policy.ts';
import { asReported } from './drift.ts';
import type { Facts } from './facts.ts';
import { failure, provisioned, took } from './install-finding.ts';
import { mark } from './mark.ts';
import { desiredHash, type Policy } from './policy.ts';
import { type NodeJobs, outcome } from './progress.ts';
import type { Finding, Reason } from './reason.ts';
import type { NodeRecord } from './record.ts';
import { report } from './report.ts';
import { beginRevert } from './revert.ts';
import { provedBy } from './shims/proved.ts';
import { removeJobs } from './start.ts';

/**
 * Between the installer's proof and the node's being ready: a Wasm pod has to run there. The record holds all of it, so
 * that a restart of the operator begins nothing anew. Labels of handlers that served before stay.
 */
export function beginProving(
  { node }: Facts,
  policy: Policy,
  proved: NodeRecord,
  before: NodeRecord | undefined,
  nowMs: number,
): readonly Action[] | undefined {
  if (triedByCanary(proved.handlers, policy.canary).length === 0) return undefined;
  // What it has as ordered is said when it has succeeded, too.
  const { proved: _, ...rest } = proved;
  const again = before?.state === 'failed' && before.desired === proved.desired;
  const record: NodeRecord = {
    ...rest,
    ...(before?.proved === undefined ? {} : { proved: before.proved }),
    state: 'proving',
    reason: 'CanaryRunning',
    handlers: (before?.handlers ?? []).filter((handler) => proved.handlers.includes(handler)),
    proving: proved.handlers,
    attempts: again ? before.attempts : 0,
  };
  return [...mark(node, record, before?.handlers ?? []), ...tells(node, policy, record, undefined, nowMs)];
}

export function prove(
  facts: Facts,
  policy: Policy,
  jobs: NodeJobs,
  record: NodeRecord,
  nowMs: number,
): readonly Action[] {
  const proof = proofOf(facts, policy, jobs, record, nowMs);
  switch (proof.kind) {
    case 'running':
      return [
        ...proof.actions,
        ...tells(facts.node, policy, record, proof.finding, nowMs),
        { kind: 'recheck', afterMs: Math.max(1, proof.afterMs) },
      ];
    case 'passed':
      return pass(facts, policy, jobs, record, nowMs);
    case 'failed':
      return [...beginRevert(facts, jobs, record, `the canary pod failed: ${proof.why}`, nowMs)];
    case 'lost':
      return lose(facts, jobs, record, proof, nowMs);
  }
}

function pass(
  facts: Facts,
  policy: Policy,
  jobs: NodeJobs,
  { proving = [], ...record }: NodeRecord,
  nowMs: number,
): readonly Action[] {
  const tried = triedByCanary(proving, policy.canary);
  const installed = asReported(facts.node, {
    ...record,
    state: 'installed',
    reason: 'Provisioned',
    handlers: proving,
    attempts: 0,
    at: new Date(nowMs).toISOString(),
    ...(record.desired === desiredHash(policy) ? { proved: provedBy(policy) } : {}),
    ...(tried.length === 0 ? {} : { canary: tried }),
  });
  return [
    ...mark(facts.node, installed, record.handlers, {
      ...settledAs('Provisioned', jobs),
      unchanged: onlyLooked(facts, jobs, nowMs),
    }),
    ...report(facts.node, provisioned(facts, policy, installed), nowMs),
    ...removeJobs(jobs.canaries, 'its pod succeeded'),
  ];
}

function lose(
  { node }: Facts,
  jobs: NodeJobs,
  { proving, ...record }: NodeRecord,
  { why }: Proof & { readonly kind: 'lost' },
  nowMs: number,
): readonly Action[] {
  const failed: NodeRecord = {
    ...record,
    state: 'failed',
    reason: 'CanaryNotRun',
    message: `the canary pod could not be run: ${why}`,
    attempts: record.attempts + 1,
    at: new Date(nowMs).toISOString(),
  };
  return [
    ...mark(node, failed, record.handlers, settledAs('CanaryNotRun', jobs)),
    ...report(node, failure(failed), nowMs),
    ...removeJobs(unfinished(jobs), 'given up'),
  ];
}

function tells(
  node: Facts['node'],
  policy: Policy,
  record: NodeRecord,
  trouble: Finding | undefined,
  nowMs: number,
): readonly Action[] {
  const tried = triedByCanary(record.proving ?? [], policy.canary);
  const why = trouble === undefined ? '' : ` So far it does not start: ${trouble.message}`;
  const message = `the installer proved ${(record.proving ?? []).join(', ')}; a canary pod on ${tried.join(', ')} has to succeed within ${policy.canary.deadlineSeconds} s.${why}`;
  return report(node, { reason: 'CanaryRunning', message }, nowMs, record.handlers.length > 0);
}

/** As far as its pod is still there to say so. */
function onlyLooked(facts: Facts, { install }: NodeJobs, nowMs: number): boolean {
  const result = install === undefined ? undefined : outcome(facts, install, nowMs);
  return result?.kind === 'verdict' && result.verdict.outcome === 'unchanged';
}

function unfinished({ canaries }: NodeJobs): NodeJobs['canaries'] {
  return canaries.filter(({ end }) => end === undefined);
}

function settledAs(reason: Reason, { install }: NodeJobs) {
  return { action: 'install', reason, tookMs: took(install) } as const;
}
