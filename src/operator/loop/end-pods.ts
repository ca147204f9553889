import type { Clock } from '../../clock.ts';
import type { Logger } from '../../log.ts';
import type { Action } from '../decide/action.ts';
import { endingOf, type PodEnding, type PodRef } from '../decide/ending.ts';
import { projectHolder } from '../decide/project.ts';
import type { PodEnd, PodEnds } from '../kube/pod-ends.ts';
import type { World } from './world.ts';

export interface EndPodsDeps {
  readonly podEnds: PodEnds;
  readonly world: World;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Looks at each pod that is in the way, tells those to go that have not been told, and remembers how they took it. */
export async function endPods(
  { policy, job, pods }: Action & { readonly kind: 'endPods' },
  node: string,
  deps: EndPodsDeps,
): Promise<void> {
  const { world, clock } = deps;
  const seen: PodEnding[] = [];
  for (const ref of pods) seen.push(await endPod(policy, ref, node, deps));
  world.setEnding(node, { job, atMs: clock.nowMs(), pods: seen });
}

async function endPod(policy: 'Evict' | 'Force', ref: PodRef, node: string, deps: EndPodsDeps): Promise<PodEnding> {
  const { podEnds, clock, log } = deps;
  const found = await podEnds.get(ref);
  const known = endingOf(ref, node, found && projectHolder(found), clock.nowMs());
  if (known !== undefined) return known;
  const end = policy === 'Evict' ? await podEnds.evict(ref) : await podEnds.delete(ref);
  const after = endedAs(`${ref.namespace}/${ref.name}`, end);
  log.info('pod told to go', {
    pod: after.pod,
    policy,
    answer: end.kind,
    ...(after.why === '' ? {} : { why: after.why }),
  });
  return after;
}

function endedAs(pod: string, end: PodEnd): PodEnding {
  switch (end.kind) {
    case 'told':
      return { pod, state: 'ending', why: 'ends' };
    case 'gone':
      return { pod, state: 'gone', why: '' };
    case 'held':
      return { pod, state: 'blocked', why: end.why };
  }
}
