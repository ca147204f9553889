import type { Clock } from '../../src/clock.ts';
import { messageOf, Terminal } from '../../src/errors.ts';
import type { DemoApi } from './api.ts';
import { isStuck, newsOf } from './news.ts';
import { advance, isComplete, type Timeline, unseen } from './timeline.ts';
import { demoPodOn, finishedUids, isLabelled, nodeView, type Snapshot, without } from './view.ts';

const LOOK_MS = 250;
/** A node's Job, its pull, a restart of containerd and the first compile, on a slow machine; they take turns. */
const NODE_MS_MAX = 6 * 60_000;
/** An API server that is away for longer, or a verdict that stands for longer (it may be an earlier run's), ends it. */
const PATIENCE_MS = 20_000;

export interface Provisioning {
  readonly api: DemoApi;
  readonly nodes: readonly string[];
  readonly clock: Clock;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
  /** Sets the annotation on every node, or takes it off some. */
  annotate(): Promise<void>;
  retract(nodes: readonly string[]): Promise<void>;
}

export interface Provisioned {
  /** Nodes that were ready for Wasm before: nothing to time. */
  readonly before: readonly string[];
  readonly timelines: ReadonlyMap<string, Timeline>;
}

/** What is known of one node. */
interface Course {
  readonly node: string;
  timeline: Timeline;
  news: string;
  /** Since when the operator has given the node up. */
  stuckMs: number | undefined;
}

/** From the annotation until every node's pod has answered, with a line for whatever changes on the way. */
export async function provision(options: Provisioning): Promise<Provisioned> {
  const { api, nodes, clock, signal } = options;
  const first = await takeBackRefused(options);
  const old = finishedUids(first);
  const startMs = clock.monotonicMs();
  const sinceMs = () => clock.monotonicMs() - startMs;
  const courses = nodes.map((node): Course => ({ node, timeline: unseen, news: '', stuckMs: undefined }));
  await options.annotate();
  for (let seenMs = sinceMs(); ; ) {
    try {
      const snapshot = without(await api.look(), old);
      seenMs = sinceMs();
      await Promise.all(courses.map((course) => follow(course, snapshot, options, sinceMs)));
    } catch (error) {
      if (sinceMs() - seenMs > PATIENCE_MS) throw new Terminal(`the API server does not answer: ${messageOf(error)}`);
    }
    if (courses.every(({ timeline }) => isComplete(timeline))) break;
    giveUp(courses, sinceMs(), NODE_MS_MAX * nodes.length);
    await clock.sleep(LOOK_MS, signal);
  }
  return {
    before: nodes.filter((node) => isLabelled(first, node)),
    timelines: new Map(courses.map(({ node, timeline }) => [node, timeline])),
  };
}

/**
 * A node that was given up in an earlier run is tried again only when the annotation was off in between. Returns the
 * cluster as it is then.
 */
async function takeBackRefused({ api, nodes, clock, signal, retract }: Provisioning): Promise<Snapshot> {
  const first = await api.look();
  const refused = nodes.filter((node) => isStuck(first, node));
  if (refused.length === 0) return first;
  await retract(refused);
  for (
    const endMs = clock.monotonicMs() + PATIENCE_MS;
    clock.monotonicMs() < endMs;
    await clock.sleep(LOOK_MS, signal)
  ) {
    const snapshot = await api.look();
    if (!nodes.some((node) => isStuck(snapshot, node))) return snapshot;
  }
  return api.look();
}

async function follow(
  course: Course,
  snapshot: Snapshot,
  { api, say }: Provisioning,
  sinceMs: () => number,
): Promise<void> {
  const { node } = course;
  const answered = isComplete(course.timeline) || (await answers(api, snapshot, node));
  course.timeline = advance(course.timeline, nodeView(snapshot, node, answered), sinceMs());
  course.stuckMs = isStuck(snapshot, node) ? (course.stuckMs ?? sinceMs()) : undefined;
  const news = newsOf(snapshot, node, course.timeline);
  if (news !== course.news) say(`  ${(sinceMs() / 1000).toFixed(1).padStart(5)} s  ${node}: ${news}`);
  course.news = news;
}

/** A pod that compiles refuses connections, or has no address yet. */
async function answers(api: DemoApi, snapshot: Snapshot, node: string): Promise<boolean> {
  const pod = demoPodOn(snapshot, node);
  if (pod?.status?.podIP === undefined || pod.metadata?.name === undefined) return false;
  return api.podAnswers(pod.metadata.name);
}

function giveUp(courses: readonly Course[], nowMs: number, endMs: number): void {
  const stuck = courses.find(({ stuckMs }) => stuckMs !== undefined && nowMs - stuckMs > PATIENCE_MS);
  if (stuck !== undefined) throw new Terminal(`${stuck.node} was given up. ${stuck.news}`);
  if (nowMs < endMs) return;
  const waiting = courses.filter(({ timeline }) => !isComplete(timeline));
  throw new Terminal(`no answer in time from ${waiting.map(({ node, news }) => `${node} (${news})`).join(', ')}`);
}
