import { messageOf } from '../../errors.ts';
import type { Action } from '../decide/action.ts';
import { decideClass } from '../decide/class.ts';
import { decide } from '../decide/decide.ts';
import type { Policy } from '../decide/policy.ts';
import { report } from '../decide/report.ts';
import type { NodeView } from '../decide/view.ts';
import { ApiError } from '../kube/api-error.ts';
import { type ApplyDeps, apply } from './apply.ts';
import { parseKey } from './key.ts';
import type { Slots } from './slots.ts';
import { gather, policyNow } from './world.ts';

export type Result = { readonly kind: 'done' } | { readonly kind: 'after'; readonly afterMs: number };

export interface ReconcileDeps extends ApplyDeps {
  readonly policy: Policy;
  readonly slots: Slots;
}

/** Gather, decide, apply. Only the controller turns what is thrown here into a requeue. */
export async function reconcile(key: string, deps: ReconcileDeps): Promise<Result> {
  const parsed = parseKey(key);
  if (parsed.kind === 'node') return await reconcileNode(parsed.name, deps);
  if (parsed.kind === 'class') await reconcileClass(parsed.name, deps);
  else deps.log.warn(deps.world.removing() ? REMOVING : 'nodes are wanted again as they say');
  return { kind: 'done' };
}

const REMOVING = 'everything is taken off: a Job that says so is in the namespace, so no node is wanted';

async function reconcileNode(name: string, deps: ReconcileDeps): Promise<Result> {
  const { world, slots, clock } = deps;
  const policy = policyNow(deps.policy, world);
  const facts = gather(name, world, slots.busyBeside(name));
  slots.leave(name);
  if (facts === undefined) return { kind: 'done' }; // gone, and its Job with it
  const actions = decide(facts, policy, clock.nowMs());
  // In the same tick as the decision: the next worker to decide must see the slot taken.
  if (actions.some(({ kind }) => kind === 'createJob')) slots.reserve(name);
  if (actions.some(({ kind }) => kind === 'queueForSlot')) slots.wait(name);
  try {
    for (const action of actions) await applyTo(facts.node, action, deps);
  } finally {
    slots.release(name);
    slots.wakeFree(policy.rollout.maxParallel);
  }
  const recheck = actions.find((action) => action.kind === 'recheck');
  return recheck === undefined ? { kind: 'done' } : { kind: 'after', afterMs: recheck.afterMs };
}

/** An API server that refuses our Job (quota, webhook, a name that is taken) is a finding about the node. */
async function applyTo(node: NodeView, action: Action, deps: ReconcileDeps): Promise<void> {
  try {
    await apply(action, node, deps);
  } catch (error) {
    if (action.kind !== 'createJob' || !isRefusal(error)) throw error;
    const message = `the API server refuses Job ${action.job.metadata?.name}: ${messageOf(error)}`;
    for (const said of report(node, { reason: 'JobRefused', message }, deps.clock.nowMs()))
      await apply(said, node, deps);
    throw error;
  }
}

function isRefusal(error: unknown): boolean {
  return error instanceof ApiError && [400, 403, 409, 422].includes(error.status);
}

async function reconcileClass(name: string, { policy, world, writes, log }: ReconcileDeps): Promise<void> {
  const wanted = policy.runtimeClasses.find((one) => one.name === name);
  if (wanted === undefined || world.removing()) return; // not ours to look after, or about to go
  const decision = decideClass(wanted, world.classes.get(name));
  switch (decision.kind) {
    case 'apply':
      world.classes.put(await writes.applyRuntimeClass(decision.manifest));
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
