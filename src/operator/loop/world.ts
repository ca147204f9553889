import type { CoreV1Event, V1ConfigMap, V1Job, V1Node, V1Pod, V1RuntimeClass } from '@kubernetes/client-node';
import { PAUSE_CONFIG_MAP } from '../../contract.ts';
import { wantedClasses } from '../decide/class.ts';
import type { Ending } from '../decide/ending.ts';
import type { Policy } from '../decide/policy.ts';
import { projectClass, projectJob, projectNode, projectPause, projectPod, projectRefusal } from '../decide/project.ts';
import { poolKeys } from '../decide/rollout/policy.ts';
import { Rollout } from '../decide/rollout/rollout.ts';
import { projectShim, type ShimObject } from '../decide/shims/project.ts';
import { projectSpinkube } from '../decide/shims/spinkube.ts';
import type { Origin, ShimView } from '../decide/shims/view.ts';
import type { ClassView, JobView, NodeView, PauseView, PodView, RefusalView } from '../decide/view.ts';
import { Store } from '../kube/store.ts';
import { classKey, nodeKey, REMOVAL_KEY, ROLLOUT_KEY, SHIMS_KEY } from './key.ts';
import type { Priority } from './queue.ts';
import { RefusedJobs } from './refused-jobs.ts';
import { ShimRules } from './shim-rules.ts';

/** Of everything that is watched, what has to be asked from here. */
export interface Asks {
  /** Nodes are to be listed anew: more of their labels are to be read. */
  readonly refreshNodes?: () => void;
  /** Shims are to be counted, soon. */
  readonly count?: () => void;
  /** How long the API server has told of nodes without a break. */
  readonly heardForMs?: () => number;
}

type Cause = 'initial' | 'event';

/** Everything the operator knows, and which key a change of it concerns. */
export class World {
  readonly nodes: Store<V1Node, NodeView>;
  readonly jobs: Store<V1Job, JobView>;
  readonly pods: Store<V1Pod, PodView>;
  readonly refusals: Store<CoreV1Event, RefusalView>;
  readonly classes: Store<V1RuntimeClass, ClassView>;
  readonly pauses: Store<V1ConfigMap, PauseView>;
  readonly shims: Store<ShimObject, ShimView>;
  /** runtime-class-manager's. */
  readonly spinkubeShims: Store<ShimObject, ShimView>;
  readonly rules: ShimRules;
  /** Whether the cluster has the CRD, by origin. */
  readonly served: Record<Origin, boolean> = { kwasm: false, spinkube: false };
  /** Kept in line with nodes, Jobs and pauses at every change of them. */
  readonly rollout: Rollout;
  readonly refused = new RefusedJobs();
  readonly #enqueue: (key: string, priority: Priority) => void;
  readonly #asks: Asks;
  readonly #configured: Policy;
  #policy: Policy;
  /** Nodes with an unfinished Job. */
  readonly #working = new Set<string>();
  readonly #endings = new Map<string, Ending>();
  readonly #asked = new Map<string, ReadonlySet<string>>();

  constructor(enqueue: (key: string, priority: Priority) => void, policy: Policy, asks: Asks = {}) {
    this.#enqueue = enqueue;
    this.#asks = asks;
    this.#configured = policy;
    this.#policy = policy;
    this.rules = new ShimRules(policy, () => asks.refreshNodes?.());
    this.rollout = new Rollout(policy, (node, base) => this.rules.policyOf(node, base));
    const pools = poolKeys(policy.rollout);
    const byName = ({ name }: { readonly name: string }) => name;
    const byNode = ({ node }: { readonly node: string }) => node;
    this.nodes = new Store({
      project: (node) => projectNode(node, keysOf(pools, this.rules.keys), policy.startupTaint),
      group: byName,
      onList: () => this.#nodesAreListed(),
      onChange: (name, cause) => this.#nodeChanged(name, cause),
    });
    this.jobs = new Store({
      project: projectJob,
      group: byNode,
      onChange: (node, cause) => (node === '' ? this.#lookForRemoval() : this.#jobChanged(node, cause)),
    });
    this.pods = new Store({
      project: projectPod,
      group: byNode,
      onChange: (node, cause) => enqueue(nodeKey(node), progress(cause)),
    });
    this.refusals = new Store({
      project: projectRefusal,
      group: ({ jobUid }) => jobUid,
      onChange: (jobUid, cause) => this.#refusalChanged(jobUid, cause),
    });
    this.classes = new Store({
      project: projectClass,
      group: byName,
      onChange: (name, cause) => this.#classChanged(name, cause),
    });
    this.pauses = new Store({
      project: projectPause,
      group: byName,
      onChange: (name, cause) => this.#pauseChanged(name, cause),
    });
    const onChange = (_: string, cause: Cause) => this.#shimChanged(cause);
    this.shims = new Store({ project: projectShim, group: byName, onChange });
    this.spinkubeShims = new Store({ project: projectSpinkube, group: byName, onChange });
  }

  /** What is configured, and whether everything is to go. */
  get policy(): Policy {
    return this.#policy;
  }

  /** The same, with what Shims say of this node. */
  policyOf(node: NodeView): Policy {
    return this.rules.policyOf(node, this.#policy);
  }

  /** Somebody takes everything off, see REMOVE_ALL. */
  get removing(): boolean {
    return this.#policy !== this.#configured;
  }

  /** Nodes in the store with an unfinished Job. The Jobs of a node that is gone disturb nobody. */
  busy(): readonly string[] {
    return [...this.#working].filter((name) => this.nodes.get(name) !== undefined);
  }

  heardForMs(): number {
    return this.#asks.heardForMs?.() ?? Number.POSITIVE_INFINITY;
  }

  /** Pods that are being ended for a node's uninstall. */
  setEnding(node: string, ending: Ending): void {
    this.#endings.set(node, ending);
    this.#enqueue(nodeKey(node), 'event');
  }

  ending(node: string): Ending | undefined {
    return this.#endings.get(node);
  }

  /** Asked for beside the watches, and answered: see Facts. */
  setAsked(node: string, what: string): void {
    this.#asked.set(node, new Set([...this.asked(node), what]));
    this.#enqueue(nodeKey(node), 'progress');
  }

  asked(node: string): ReadonlySet<string> {
    return this.#asked.get(node) ?? NOTHING;
  }

  /** The node is gone, or a new Job begins on it. */
  forget(node: string): void {
    this.#endings.delete(node);
    this.#asked.delete(node);
  }

  #nodeChanged(name: string, cause: Priority): void {
    this.rollout.update(name, this.nodes.get(name), this.jobs.inGroup(name));
    this.#enqueue(nodeKey(name), cause);
    this.#asks.count?.();
  }

  #allNodesChanged(): void {
    for (const { name } of this.nodes.all()) this.#nodeChanged(name, 'initial');
  }

  #nodesAreListed(): () => void {
    const listed = this.rules.listed();
    return () => {
      if (listed()) this.#allNodesChanged();
    };
  }

  #jobChanged(node: string, cause: Cause): void {
    if (this.jobs.inGroup(node).some(({ end }) => end === undefined)) this.#working.add(node);
    else this.#working.delete(node);
    this.#nodeChanged(node, progress(cause));
  }

  #lookForRemoval(): void {
    const removing = this.jobs.inGroup('').some(({ action, leaving }) => action === 'removeAll' && !leaving);
    if (removing === this.removing) return;
    this.#policy = removing ? { ...this.#configured, removeAll: true } : this.#configured;
    this.rollout.setPolicy(this.#policy);
    this.#enqueue(REMOVAL_KEY, 'event');
    this.#allNodesChanged();
    for (const { name } of this.classes.all()) this.#enqueue(classKey(name), 'initial');
  }

  #refusalChanged(jobUid: string, cause: Cause): void {
    const job = this.jobs.all().find(({ uid }) => uid === jobUid);
    if (job !== undefined) this.#enqueue(nodeKey(job.node), progress(cause));
  }

  /** Conditions of nodes mention classes in conflict. From memory, so it costs no request. */
  #classChanged(name: string, cause: Cause): void {
    this.#enqueue(classKey(name), cause);
    for (const node of this.nodes.all()) this.#enqueue(nodeKey(node.name), 'initial');
  }

  #pauseChanged(name: string, cause: Cause): void {
    if (name !== PAUSE_CONFIG_MAP) return;
    const pause = this.pauses.get(name);
    this.rollout.pause(pause === undefined ? undefined : pausedBy(pause));
    this.#enqueue(ROLLOUT_KEY, cause);
  }

  #shimChanged(cause: Cause): void {
    if (this.rules.set([...this.shims.all(), ...this.spinkubeShims.all()])) {
      this.#allNodesChanged();
      const classes = [...wantedClasses(this.#configured, this.rules.now), ...this.classes.all()];
      for (const { name } of classes) this.#enqueue(classKey(name), cause);
    }
    this.#enqueue(SHIMS_KEY, cause);
  }
}

const NOTHING: ReadonlySet<string> = new Set();

/** One list for all nodes: there are thousands. */
function keysOf(pools: readonly string[], shims: readonly string[]): readonly string[] {
  return shims.length === 0 ? pools : [...new Set([...pools, ...shims])];
}

function pausedBy({ name, reason }: PauseView): string {
  return `all is paused by the ConfigMap ${name} in the operator's namespace${reason === '' ? '' : ` (${reason})`}`;
}

/** What becomes of a Job can wait until every Job is made. */
function progress(cause: Cause): Priority {
  return cause === 'event' ? 'progress' : cause;
}
