import type { V1ContainerState } from '@kubernetes/client-node';
import type { Clock } from '../../src/clock.ts';
import { Terminal } from '../../src/errors.ts';
import type { DemoApi } from './api.ts';
import { advance, isComplete, type Timeline, unseen } from './timeline.ts';
import { conditionOf, demoPodOn, isLabelled, nodeView, podUids, type Snapshot, without } from './view.ts';

const LOOK_MS = 250;
/** A node's Job, its pull, a restart of containerd and the first compile, on a slow machine; they take turns. */
const NODE_MS_MAX = 5 * 60_000;

export interface Provisioning {
  readonly api: DemoApi;
  readonly nodes: readonly string[];
  readonly clock: Clock;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
  /** Sets the annotation on every node. */
  annotate(): Promise<void>;
}

export interface Provisioned {
  /** Nodes that were ready for Wasm before: nothing to time. */
  readonly before: readonly string[];
  readonly timelines: ReadonlyMap<string, Timeline>;
}

/** From the annotation until every node's pod has answered, with a line for whatever changes on the way. */
export async function provision(options: Provisioning): Promise<Provisioned> {
  const { api, nodes, clock, say, signal } = options;
  const first = await api.look();
  const [old, before] = [podUids(first), nodes.filter((node) => isLabelled(first, node))];
  const startMs = clock.monotonicMs();
  await options.annotate();
  const timelines = new Map(nodes.map((node) => [node, unseen]));
  const said = new Map<string, string>();
  for (;;) {
    const snapshot = without(await api.look(), old);
    await Promise.all(
      nodes.map(async (node) => {
        const answered = await answers(api, snapshot, node, timelines.get(node));
        const timeline = advance(
          timelines.get(node) ?? unseen,
          nodeView(snapshot, node, answered),
          clock.monotonicMs() - startMs,
        );
        timelines.set(node, timeline);
        const news = newsOf(snapshot, node, timeline);
        if (said.get(node) !== news)
          say(`  ${((clock.monotonicMs() - startMs) / 1000).toFixed(1).padStart(5)} s  ${node}: ${news}`);
        said.set(node, news);
      }),
    );
    if ([...timelines.values()].every(isComplete)) return { before, timelines };
    if (clock.monotonicMs() - startMs > NODE_MS_MAX * nodes.length) throw late(nodes, timelines, said);
    await clock.sleep(LOOK_MS, signal);
  }
}

/** Asked only where it can be true and was not yet: a pod that compiles refuses connections. */
async function answers(
  api: DemoApi,
  snapshot: Snapshot,
  node: string,
  timeline: Timeline | undefined,
): Promise<boolean> {
  if (timeline !== undefined && isComplete(timeline)) return true;
  const pod = demoPodOn(snapshot, node);
  if (pod?.status?.podIP === undefined || pod.metadata?.name === undefined) return false;
  return api.podAnswers(pod.metadata.name);
}

function newsOf(snapshot: Snapshot, node: string, timeline: Timeline): string {
  if (isComplete(timeline)) return 'its pod answers';
  const pod = demoPodOn(snapshot, node);
  if (pod !== undefined) return podNews(pod.status?.containerStatuses?.[0]?.state);
  const condition = conditionOf(snapshot, node);
  if (condition === undefined) return 'annotated; the operator has not spoken yet';
  return `${condition.reason ?? 'KwasmReady'}: ${condition.message ?? ''}`;
}

function podNews(state: V1ContainerState | undefined): string {
  if (state?.running !== undefined) return 'pod started; the shim compiles the component';
  return `pod scheduled (${state?.waiting?.message ?? state?.waiting?.reason ?? 'starting'})`;
}

function late(
  nodes: readonly string[],
  timelines: ReadonlyMap<string, Timeline>,
  said: ReadonlyMap<string, string>,
): Terminal {
  const waiting = nodes.filter((node) => !isComplete(timelines.get(node) ?? unseen));
  return new Terminal(`no answer in time from ${waiting.map((node) => `${node} (${said.get(node)})`).join(', ')}`);
}
