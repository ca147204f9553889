import { SHIM_FINALIZER, SHIM_LABEL } from '../../contract.ts';
import { isSurplus } from '../decide/class.ts';
import { finalizerOf, objectActions } from '../decide/shims/object.ts';
import { type ShimStatus, saysTheSame, statusOf } from '../decide/shims/status.ts';
import { type Tally, tally } from '../decide/shims/tally.ts';
import type { ShimView } from '../decide/shims/view.ts';
import type { ApplyDeps } from './apply.ts';
import type { ReconcileDeps, Result } from './reconcile.ts';

/** One pass over the nodes for all Shims, from memory; writes only what has changed. */
export async function reconcileShims(deps: ReconcileDeps): Promise<Result> {
  const { world } = deps;
  if (world.served.kwasm) await applyObjects(deps);
  const shims = [...world.shims.all(), ...world.spinkubeShims.all()];
  if (shims.length === 0) return { kind: 'done' };
  const handlers = new Map(shims.map(({ name, handler }) => [name, handler]));
  const counts = tally(
    world.nodes.all(),
    (node) => world.jobs.inGroup(node),
    (node) => world.policyOf(node),
    handlers,
  );
  let afterMs: number | undefined;
  for (const shim of shims) {
    const own = counts.get(shim.name);
    if (own === undefined) continue;
    const waitMs = await lookAfter(shim, own, deps);
    if (waitMs !== undefined) afterMs = Math.min(afterMs ?? waitMs, waitMs);
  }
  return afterMs === undefined ? { kind: 'done' } : { kind: 'after', afterMs };
}

async function applyObjects({ world, policy, writes, log }: ReconcileDeps): Promise<void> {
  for (const action of objectActions(world.shims.all(), policy.shims)) {
    switch (action.kind) {
      case 'apply':
        world.shims.wrote(await writes.applyShim(action.manifest));
        log.info('shim applied', { shim: action.manifest.metadata.name });
        break;
      case 'delete':
        await writes.deleteShim(action.shim.name, action.shim.uid);
        log.info('shim deleted: the values name it no more', { shim: action.shim.name });
        break;
      case 'foreign':
        log.warn('the values name a Shim that somebody else made: theirs counts', { shim: action.name });
        break;
    }
  }
}

/** The status first: who waits for the deletion reads in it what was left. */
async function lookAfter(shim: ShimView, counts: Tally, deps: ReconcileDeps): Promise<number | undefined> {
  const { world, clock, log } = deps;
  const nowMs = clock.nowMs();
  const rule = world.rules.now.all.find(({ name }) => name === shim.name);
  await writeStatus(shim, statusOf(shim, rule, counts, world.rules.unused, nowMs), deps);
  const finalizer = finalizerOf(shim, counts, nowMs);
  switch (finalizer.kind) {
    case 'keep':
      return undefined;
    case 'wait':
      return finalizer.afterMs;
    case 'add':
      await putFinalizers(shim, [...shim.finalizers, SHIM_FINALIZER], deps);
      log.info('shim is in use: its deletion waits for the nodes', { shim: shim.name });
      return undefined;
    case 'remove': {
      if (shim.leavingMs !== undefined) await removeClasses(shim, deps);
      if (finalizer.abandoned.length > 0) {
        log.warn('shim let go although nodes that are not Ready may have it', {
          shim: shim.name,
          nodes: finalizer.abandoned.slice(0, 20),
        });
      }
      const others = shim.finalizers.filter((one) => one !== SHIM_FINALIZER);
      await putFinalizers(shim, others, deps);
      return undefined;
    }
  }
}

async function writeStatus(shim: ShimView, status: ShimStatus, { world, writes, log }: ReconcileDeps): Promise<void> {
  // That kind has fields of its own for nodes, which its operator writes.
  const said = shim.origin === 'kwasm' ? status : { ...known(shim), conditions: status.conditions };
  if (saysTheSame(said, shim.status)) return;
  const written = await writes.writeShimStatus(shim.origin, shim.name, said);
  storeOf(shim, world).wrote(written);
  const [ready] = status.conditions;
  log.info('shim status written', { shim: shim.name, nodes: status.nodes, reason: ready?.reason });
}

function known({ status }: ShimView): object {
  return status === '' ? {} : (JSON.parse(status) as object);
}

async function putFinalizers(
  shim: ShimView,
  finalizers: readonly string[],
  { world, writes }: ReconcileDeps,
): Promise<void> {
  const { origin, name, uid } = shim;
  const written = await writes.setShimFinalizers(origin, name, uid, shim.finalizers, finalizers);
  // Without its last finalizer it is gone; that is the watch's to say.
  if (written !== undefined && shim.leavingMs === undefined) storeOf(shim, world).wrote(written);
}

async function removeClasses(shim: ShimView, { world, policy, writes, log }: ReconcileDeps): Promise<void> {
  const others = world.rules.now.all.filter(({ name }) => name !== shim.name);
  const without = { ...world.rules.now, all: others };
  for (const one of world.classes.all()) {
    if (one.shim !== shim.name || !isSurplus(one, policy, without)) continue;
    await writes.deleteRuntimeClass(one.name);
    log.info('runtime class deleted with its shim', { runtimeClass: one.name, [SHIM_LABEL]: shim.name });
  }
}

function storeOf({ origin }: ShimView, world: ApplyDeps['world']) {
  return origin === 'kwasm' ? world.shims : world.spinkubeShims;
}
