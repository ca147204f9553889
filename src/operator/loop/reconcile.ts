import type { Action } from '../decide/action.ts';
import { decideClass, isSurplus, wantedClasses } from '../decide/class.ts';
import { decide } from '../decide/decide.ts';
import type { Policy } from '../decide/policy.ts';
import { report } from '../decide/report.ts';
import { quotaIn } from '../decide/rollout/quota.ts';
import type { NodeView } from '../decide/view.ts';
import { isRefusal, isStatus } from '../kube/api-error.ts';
import { type ApplyDeps, apply } from './apply.ts';
import { gather } from './gather.ts';
import { nodeKey, parseKey, ROLLOUT_KEY } from './key.ts';
import type { Priority } from './queue.ts';
import { reconcileShims } from './reconcile-shims.ts';

export type Result = { readonly kind: 'done' } | { readonly kind: 'after'; readonly afterMs: number };

export interface ReconcileDeps extends ApplyDeps {
  readonly policy: Policy;
  /** Nodes whose turn has come, or that are to say what they wait for now; and when the rollout wants to be asked again. */
  readonly wake: (key: string, when?: { readonly afterMs?: number; readonly priority?: Priority }) => void;
  /** Whether others wait for a worker whose nodes have changed, or whose Jobs go on. */
  readonly urgent: () => boolean;
}

/** Gather, decide, apply. Only the controller turns what is thrown here into a requeue. */
export async function reconcile(key: string, deps: ReconcileDeps): Promise<Result> {
  const parsed = parseKey(key);
  switch (parsed.kind) {
    case 'node':
      return await reconcileNode(parsed.name, deps);
    case 'class':
      await reconcileClass(parsed.name, deps);
      return { kind: 'done' };
    case 'rollout':
      callNext(deps);
      return { kind: 'done' };
    case 'shims':
      return await reconcileShims(deps);
    case 'removal':
      deps.log.warn(deps.world.removing ? REMOVING : 'nodes are wanted again as they say');
      return { kind: 'done' };
  }
}

const REMOVING = 'everything is taken off: a Job that says so is in the namespace, so no node is wanted';

async function reconcileNode(name: string, deps: ReconcileDeps): Promise<Result> {
  const { world, clock } = deps;
  const { rollout } = world;
  const nowMs = clock.nowMs();
  rollout.leave(name);
  const facts = gather(name, world, rollout.turn(name, nowMs));
  if (facts === undefined) {
    callNext(deps); // it may have been the one that others waited for
    return { kind: 'done' }; // gone, and its Job with it
  }
  const actions = decide(facts, world.policyOf(facts.node), nowMs);
  const refusedMs = world.refused.waitMs(facts.node, clock.monotonicMs());
  // In the same tick as the decision: the next worker to decide must see the place taken.
  if (refusedMs <= 0 && actions.some(({ kind }) => kind === 'createJob')) rollout.take(name);
  if (actions.some(({ kind }) => kind === 'queueForSlot')) rollout.wait(name);
  try {
    // Thousands who only say that they wait stood before the canary that they wait for.
    if (onlyWaits(actions) && deps.urgent()) {
      deps.wake(nodeKey(name), { priority: 'initial' });
      return { kind: 'done' };
    }
    for (const action of actions) {
      if (action.kind === 'createJob' && refusedMs > 0) return { kind: 'after', afterMs: refusedMs };
      const held = await applyTo(facts.node, action, deps);
      if (held !== undefined) return held;
    }
  } finally {
    rollout.release(name);
    callNext(deps);
  }
  const recheck = actions.find((action) => action.kind === 'recheck');
  return recheck === undefined ? { kind: 'done' } : { kind: 'after', afterMs: recheck.afterMs };
}

function onlyWaits(actions: readonly Action[]): boolean {
  const waits = actions.some(({ kind }) => kind === 'queueForSlot');
  return waits && actions.every(({ kind }) => kind === 'queueForSlot' || kind === 'report' || kind === 'recheck');
}

/** Wakes those whose turn it is. The places are taken already, so no two are called for one. */
function callNext({ world, clock, wake }: ReconcileDeps): void {
  const { go, tell, afterMs } = world.rollout.call(clock.nowMs());
  for (const name of go) wake(nodeKey(name));
  for (const name of tell) wake(nodeKey(name), { priority: 'initial' });
  if (afterMs !== undefined) wake(ROLLOUT_KEY, { afterMs });
}

/**
 * An API server that refuses our Job (quota, webhook, a name that is taken) is a finding about the node; a quota's word is
 * one about all of them.
 */
async function applyTo(node: NodeView, action: Action, deps: ReconcileDeps): Promise<Result | undefined> {
  const { rollout, refused } = deps.world;
  try {
    await apply(action, node, deps);
    if (action.kind !== 'createJob') return undefined;
    rollout.accepted();
    refused.forget(node.name);
    return undefined;
  } catch (error) {
    if (action.kind !== 'createJob' || !(isRefusal(error) || isStatus(error, 409))) throw error;
    const job = action.job.metadata?.name;
    const { refusals, afterMs } = refused.refused(node, deps.clock.monotonicMs());
    deps.log.info('job refused', { job, error: error.message, afterMs });
    // It may be the one that we asked for, and had no answer: then the watch tells.
    if (error.status === 409 && refusals === 1) return { kind: 'after', afterMs };
    const message = `the API server refuses Job ${job}: ${error.message}`;
    for (const said of report(node, { reason: 'JobRefused', message }, deps.clock.nowMs()))
      await apply(said, node, deps);
    const quota = quotaIn(error.message);
    if (quota === undefined) return { kind: 'after', afterMs };
    refused.forget(node.name); // they all wait together
    return { kind: 'after', afterMs: rollout.refused(quota, deps.clock.nowMs()) };
  }
}

async function reconcileClass(name: string, { policy, world, writes, log }: ReconcileDeps): Promise<void> {
  const wanted = wantedClasses(policy, world.rules.now).find((one) => one.name === name);
  const actual = world.classes.get(name);
  if (world.removing) return; // about to go
  if (wanted === undefined) {
    if (actual === undefined || !isSurplus(actual, policy, world.rules.now)) return; // not ours to look after
    await writes.deleteRuntimeClass(name);
    log.info('runtime class deleted: no Shim names it any more', { runtimeClass: name });
    return;
  }
  const decision = decideClass(wanted, actual);
  switch (decision.kind) {
    case 'apply':
      world.classes.wrote(await writes.applyRuntimeClass(decision.manifest));
      log.info('runtime class applied', { runtimeClass: name, handler: wanted.handler });
      return;
    case 'adopted':
      log.info("runtime class is somebody else's and is left alone", { runtimeClass: name, handler: wanted.handler });
      return;
    case 'conflict':
      log.warn('runtime class in conflict', { runtimeClass: name, problem: decision.message });
      return;
    case 'keep':
      return;
  }
}
