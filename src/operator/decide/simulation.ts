import {
  CANARY_CONTAINER,
  INSTALLER_CONTAINER,
  PROVISIONED_LABEL,
  RECORD_ANNOTATION,
  RETRY,
  RUNTIME_LABEL_PREFIX,
} from '../../contract.ts';
import type { Action } from './action.ts';
import { decide } from './decide.ts';
import type { Ending, PodEnding } from './ending.ts';
import { facts, NOW_MS, nodeView, podView } from './examples.ts';
import type { Facts } from './facts.ts';
import type { Policy } from './policy.ts';
import { projectJob } from './project.ts';
import type { Turn } from './rollout/turn.ts';
import type { ContainerState, JobView, NodeView, PodView } from './view.ts';

/**
 * One node and the part of the cluster that answers to actions, for properties over whole lives: what the API server and
 * the Job controller would make of each action, and a clock. No I/O.
 */
export class Simulation {
  node: NodeView;
  jobs: JobView[] = [];
  pods: PodView[] = [];
  turn: Turn = { kind: 'go' };
  heardForMs = 3_600_000;
  ending: Ending | undefined;
  /** How pods take it to be told to go. */
  podsAre: PodEnding['state'] = 'gone';
  nowMs = NOW_MS;
  readonly history: Action[] = [];
  /** The node as it was each time a startup taint was taken from it. */
  readonly untainted: NodeView[] = [];
  readonly #asked = new Set<string>();
  #unseen: PodView[] = [];
  #unseenJobs: JobView[] = [];
  #uids = 0;
  policy: Policy;
  /** It asked for its turn when it was last looked at. */
  queued = false;

  constructor(policy: Policy, node: NodeView = nodeView()) {
    this.policy = policy;
    this.node = node;
  }

  facts(): Facts {
    const { node, jobs, pods, turn, heardForMs, ending } = this;
    return facts({ node, jobs: [...jobs], pods: [...pods], asked: this.#asked, turn, heardForMs, ending });
  }

  /** Decides and acts until nothing is left to do now; `actionsMax` cuts it short, as a crash would. */
  settle(actionsMax = Number.POSITIVE_INFINITY): void {
    let left = actionsMax;
    for (let round = 0; round < 50; round += 1) {
      const actions = decide(this.facts(), this.policy, this.nowMs).filter(({ kind }) => kind !== 'recheck');
      this.queued = actions.some(({ kind }) => kind === 'queueForSlot');
      if (actions.every(({ kind }) => kind === 'queueForSlot')) return;
      for (const action of actions) {
        if (left === 0) return;
        left -= 1;
        this.history.push(action);
        this.#act(action);
      }
    }
    throw new Error(
      `no end after 50 rounds: ${this.history
        .slice(-6)
        .map(({ kind }) => kind)
        .join(', ')}`,
    );
  }

  /** The running Job's pod ends so. `unseen`: the watch of pods is behind that of Jobs, and has not told of it. */
  endJob(state: ContainerState, unseen = false): boolean {
    const job = this.jobs.find(({ end }) => end === undefined);
    if (job === undefined) return false;
    this.endPod(job, state, unseen);
    const kind = state.kind === 'ended' && state.exitCode === 0 ? 'complete' : 'failed';
    const end = { kind, reason: '', message: '', atMs: this.nowMs } as const;
    this.jobs = this.jobs.map((one) => (one === job ? { ...job, end } : one));
    return true;
  }

  /** Without its Job, as if the watch of Jobs were behind, too. */
  endPod(job: JobView, state: ContainerState, unseen: boolean): void {
    const name = job.action === 'canary' ? CANARY_CONTAINER : INSTALLER_CONTAINER;
    const containers = [{ name, state }];
    const pod = podView(state, { name: `${job.name}-pod`, uid: this.#uid(), jobUid: job.uid, containers });
    if (unseen) this.#unseen = [...this.#unseen, pod];
    else this.pods.push(pod);
  }

  /** The watch of pods has caught up. */
  seePods(): void {
    const jobs = new Set(this.jobs.map(({ uid }) => uid));
    this.pods.push(...this.#unseen.filter(({ jobUid }) => jobs.has(jobUid ?? '')));
    this.#unseen = [];
  }

  /** Its watch is behind, and another operator made them. */
  hideJobs(): void {
    this.#unseenJobs = this.jobs;
    this.jobs = [];
  }

  want(annotation: string | undefined): void {
    this.node = { ...this.node, trigger: { ...this.node.trigger, annotation } };
  }

  #uid(): string {
    this.#uids += 1;
    return `uid-${this.#uids}`;
  }

  #act(action: Action): void {
    switch (action.kind) {
      case 'createJob': {
        const made = projectJob(action.job);
        if ([...this.jobs, ...this.#unseenJobs].some(({ name }) => name === made.name))
          throw new Error(`Job ${made.name} exists already`);
        this.jobs.push({ ...made, uid: this.#uid(), createdMs: this.nowMs });
        this.#asked.clear();
        return;
      }
      case 'deleteJob':
        this.jobs = this.jobs.filter(({ uid }) => uid !== action.uid);
        this.pods = this.pods.filter(({ jobUid }) => jobUid !== action.uid);
        return;
      case 'markNode':
        this.node = marked(this.node, action.labels, action.annotations);
        return;
      case 'report':
        this.node = { ...this.node, condition: action.condition };
        return;
      case 'clearCondition':
        this.node = { ...this.node, condition: undefined };
        return;
      case 'endPods':
        this.ending = {
          job: action.job,
          atMs: this.nowMs,
          pods: action.pods.map(({ namespace, name }) => ({
            pod: `${namespace}/${name}`,
            state: this.podsAre,
            why: 'budget b',
          })),
        };
        return;
      case 'readPods':
        this.seePods();
        this.#asked.add(action.job);
        return;
      case 'readJob':
        this.jobs.push(...this.#unseenJobs);
        this.#unseenJobs = [];
        this.#asked.add(action.name);
        return;
      case 'deletePod':
        this.pods = this.pods.filter(({ uid }) => uid !== action.uid);
        return;
      case 'removeTaints':
        this.untainted.push(this.node);
        this.node = { ...this.node, startupTaint: this.node.startupTaint.slice(action.taints.length) };
        return;
      case 'queueForSlot':
      case 'recheck':
        return;
    }
  }
}

type Patch = Readonly<Record<string, string | null>>;

function marked(node: NodeView, labels: Patch, annotations: Patch): NodeView {
  const runtime = new Set(node.runtimeLabels);
  for (const [key, value] of Object.entries(labels)) {
    if (!key.startsWith(RUNTIME_LABEL_PREFIX)) continue;
    const handler = key.slice(RUNTIME_LABEL_PREFIX.length);
    if (value === null) runtime.delete(handler);
    else runtime.add(handler);
  }
  return {
    ...node,
    runtimeLabels: [...runtime].sort(),
    provisionedLabel: changed(labels, PROVISIONED_LABEL, node.provisionedLabel),
    record: changed(annotations, RECORD_ANNOTATION, node.record),
    retry: changed(annotations, RETRY, node.retry ? 'true' : undefined) === 'true',
  };
}

function changed(patch: Patch, key: string, old: string | undefined): string | undefined {
  const value = patch[key];
  return value === undefined ? old : (value ?? undefined);
}
