import type { V1Node, V1NodeCondition } from '@kubernetes/client-node';
import type { Clock } from '../../clock.ts';
import { NODE_CONDITION } from '../../contract.ts';
import type { Logger } from '../../log.ts';
import type { Action, Settled } from '../decide/action.ts';
import type { ConditionView, NodeView } from '../decide/view.ts';
import type { PodEnds } from '../kube/pod-ends.ts';
import type { Reads } from '../kube/reads.ts';
import type { Writes } from '../kube/writes.ts';
import { endPods } from './end-pods.ts';
import type { Events } from './events.ts';
import type { World } from './world.ts';

export interface ApplyDeps {
  readonly writes: Writes;
  readonly podEnds: PodEnds;
  readonly reads: Reads;
  readonly world: World;
  readonly namespace: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly events: Pick<Events, 'say'>;
  readonly onSettled: (settled: Settled) => void;
}

/**
 * One action, one request, and the answer into the store at once: the next decision must not rest on what was before.
 * A crash between two actions is safe, each decision begins from what is there.
 */
export async function apply(action: Action, node: NodeView, deps: ApplyDeps): Promise<void> {
  const { writes, reads, world, namespace, log } = deps;
  switch (action.kind) {
    case 'createJob':
      world.jobs.wrote(await writes.createJob(action.job));
      world.forget(node.name);
      log.info('job created', { job: action.job.metadata?.name });
      return;
    case 'deleteJob':
      await writes.deleteJob(namespace, action.name, action.uid);
      log.info('job deleted', { job: action.name, why: action.why });
      return;
    case 'markNode':
      world.nodes.wrote(await writes.markNode(node.name, node.uid, action.labels, action.annotations));
      log.info('node marked', { labels: action.labels, settled: action.settled });
      if (action.settled !== undefined) deps.onSettled(action.settled);
      return;
    case 'report':
      world.nodes.wrote(await applyCondition(action.condition, node, deps));
      log.log(action.event?.type === 'Warning' ? 'warn' : 'info', 'condition set', said(action.condition));
      if (action.event !== undefined) await deps.events.say(action.event, node);
      return;
    case 'clearCondition':
      world.nodes.wrote(await writes.applyCondition(node.name, node.uid, undefined));
      log.info('condition removed');
      if (action.event !== undefined) await deps.events.say(action.event, node);
      return;
    case 'endPods':
      return await endPods(action, node.name, deps);
    case 'readPods': {
      const pods = await reads.podsOfJob(action.job);
      for (const pod of pods) world.pods.wrote(pod);
      world.setAsked(node.name, action.job);
      log.info('pods read, for their watch may be behind', { job: action.job, pods: pods.length });
      return;
    }
    case 'readJob': {
      const job = await reads.job(action.name);
      if (job !== undefined) world.jobs.wrote(job);
      world.setAsked(node.name, action.name);
      log.info('job read, for its watch may be behind', { job: action.name, there: job !== undefined });
      return;
    }
    case 'deletePod':
      await writes.deletePod(namespace, action.name, action.uid);
      log.info('pod deleted', { pod: action.name, why: action.why });
      return;
    case 'removeTaints':
      world.nodes.wrote(await writes.removeTaints(node.name, node.uid, action.taints));
      log.info('startup taint removed');
      return;
    case 'queueForSlot':
    case 'recheck':
      return; // the loop's own business
  }
}

async function applyCondition(condition: ConditionView, node: NodeView, { writes, clock }: ApplyDeps): Promise<V1Node> {
  const { status, reason, message, sinceMs } = condition;
  const content: V1NodeCondition = {
    type: NODE_CONDITION,
    status,
    reason,
    message,
    lastHeartbeatTime: new Date(clock.nowMs()),
    lastTransitionTime: new Date(sinceMs),
  };
  return await writes.applyCondition(node.name, node.uid, content);
}

function said({ status, reason, message }: ConditionView) {
  return { status, reason, message };
}
