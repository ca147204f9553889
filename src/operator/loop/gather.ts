import type { Facts } from '../decide/facts.ts';
import type { Turn } from '../decide/rollout/turn.ts';
import type { RefusalView } from '../decide/view.ts';
import type { World } from './world.ts';

/** Memory only, never a request. undefined: the node is gone. */
export function gather(name: string, world: World, turn: Turn): Facts | undefined {
  const node = world.nodes.get(name);
  if (node === undefined) {
    world.forget(name);
    return undefined;
  }
  const jobs = world.jobs.inGroup(name);
  const refusals = new Map<string, string>();
  for (const { uid } of jobs) {
    const newest = world.refusals.inGroup(uid).reduce(later, undefined);
    if (newest !== undefined) refusals.set(uid, newest.message);
  }
  const pods = world.pods.inGroup(name);
  const [classes, heardForMs, ending] = [world.classes.all(), world.heardForMs(), world.ending(name)];
  const asked = world.asked(name);
  return { node, jobs, pods, asked, refusals, classes, heardForMs, turn, ending };
}

function later(best: RefusalView | undefined, one: RefusalView): RefusalView {
  return best === undefined || one.atMs >= best.atMs ? one : best;
}
