import type { CoreV1Event, V1ConfigMap, V1Job, V1Node, V1Pod, V1RuntimeClass } from '@kubernetes/client-node';
import { PAUSE_CONFIG_MAP } from '../../contract.ts';
import { wantedClasses } from '../decide/class.ts';
import type { Ending } from '../decide/ending.ts';
import type { Facts } from '../decide/facts.ts';
import type { Policy } from '../decide/policy.ts';
import { projectClass, projectJob, projectNode, projectPause, projectPod, projectRefusal } from '../decide/project.ts';
import { poolKeys } from '../decide/rollout/policy.ts';
import { Rollout } from '../decide/rollout/rollout.ts';
import type { Turn } from '../decide/rollout/turn.ts';
import { projectShim, type ShimObject } from '../decide/shims/project.ts';
import { projectSpinkube } from '../decide/shims/spinkube.ts';
import type { Origin, ShimView } from '../decide/shims/view.ts';
import type { ClassView, JobView, NodeView, PauseView, PodView, RefusalView } from '../decide/view.ts';
import { Store } from '../kube/store.ts';
import { classKey, nodeKey, REMOVAL_KEY, ROLLOUT_KEY, SHIMS_KEY } from './key.ts';
import type { Priority } from './queue.ts';
import { ShimRules } from './shim-rules.ts';

/** Everything the operator knows, and which key a change of it concerns. */
export interface World {
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
  /** What is configured, with what Shims say of this node. */
  policyOf(node: NodeView): Policy;
  /** Whether the cluster has the CRD, by origin. */
  readonly served: Record<Origin, boolean>;
  /** Kept in line with nodes, Jobs and pauses at every change of them. */
  readonly rollout: Rollout;
  /** Nodes in the store with an unfinished Job. The Jobs of a node that is gone disturb nobody. */
  busy(): readonly string[];
  /** Pods that are being ended for a node's uninstall; undefined forgets. */
  setEnding(node: string, ending: Ending | undefined): void;
  ending(node: string): Ending | undefined;
  heardForMs(): number;
  /** Somebody takes everything off, see REMOVE_ALL. */
  removing(): boolean;
}

export function policyNow(policy: Policy, world: Pick<World, 'removing'>): Policy {
  return world.removing() ? { ...policy, removeAll: true } : policy;
}

/** Of everything that is watched, what has to be asked from here. */
export interface Asks {
  /** Nodes are to be listed anew: more of their labels are to be read. */
  readonly refreshNodes?: () => void;
  /** Shims are to be counted, soon. */
  readonly count?: () => void;
  /** How long the API server has told of nodes without a break. */
  readonly heardForMs?: () => number;
}

export function makeWorld(
  enqueue: (key: string, priority: Priority) => void,
  policy: Policy,
  { refreshNodes = () => {}, count = () => {}, heardForMs = () => Number.POSITIVE_INFINITY }: Asks = {},
): World {
  const working = new Set<string>();
  const rules = new ShimRules(policy, refreshNodes);
  const rollout = new Rollout(policy, (node, base) => rules.policyOf(node, base));
  const pools = poolKeys(policy.rollout);
  const nodes: Store<V1Node, NodeView> = new Store({
    project: (node) => projectNode(node, keysOf(pools, rules.keys), policy.startupTaint),
    group: ({ name }) => name,
    onList: () => {
      const listed = rules.listed();
      return () => {
        if (listed()) for (const { name } of nodes.all()) changed(name, 'initial');
      };
    },
    onChange: (name, cause) => changed(name, cause),
  });
  const jobs: Store<V1Job, JobView> = new Store({
    project: projectJob,
    group: ({ node }) => node,
    onChange: (node, cause) => {
      if (node === '') return lookForRemoval();
      if (jobs.inGroup(node).some(({ end }) => end === undefined)) working.add(node);
      else working.delete(node);
      changed(node, progress(cause));
    },
  });
  const changed = (name: string, cause: Priority) => {
    rollout.update(name, nodes.get(name), jobs.inGroup(name));
    enqueue(nodeKey(name), cause);
    count();
  };
  const all = () => [...shims.all(), ...spinkubeShims.all()];
  const shimChanged = (_: string, cause: 'initial' | 'event') => {
    if (rules.set(all())) {
      for (const { name } of nodes.all()) changed(name, 'initial');
      for (const { name } of [...wantedClasses(policy, rules.now), ...classes.all()]) enqueue(classKey(name), cause);
    }
    enqueue(SHIMS_KEY, cause);
  };
  const group = ({ name }: ShimView) => name;
  const shims: Store<ShimObject, ShimView> = new Store({ project: projectShim, group, onChange: shimChanged });
  const spinkubeShims: Store<ShimObject, ShimView> = new Store({
    project: projectSpinkube,
    group,
    onChange: shimChanged,
  });
  let base = policy;
  let removing = false;
  const lookForRemoval = () => {
    const now = jobs.inGroup('').some(({ action, leaving }) => action === 'removeAll' && !leaving);
    if (now === removing) return;
    removing = now;
    base = policyNow(policy, { removing: () => now });
    rollout.setPolicy(base);
    enqueue(REMOVAL_KEY, 'event');
    for (const { name } of nodes.all()) changed(name, 'initial');
    for (const { name } of classes.all()) enqueue(classKey(name), 'initial');
  };
  const pods = new Store<V1Pod, PodView>({
    project: projectPod,
    group: ({ node }) => node,
    onChange: (node, cause) => enqueue(nodeKey(node), progress(cause)),
  });
  const refusals = new Store<CoreV1Event, RefusalView>({
    project: projectRefusal,
    group: ({ jobUid }) => jobUid,
    onChange: (jobUid, cause) => {
      const job = jobs.all().find(({ uid }) => uid === jobUid);
      if (job !== undefined) enqueue(nodeKey(job.node), progress(cause));
    },
  });
  const classes = new Store<V1RuntimeClass, ClassView>({
    project: projectClass,
    group: ({ name }) => name,
    onChange: (name, cause) => {
      enqueue(classKey(name), cause);
      // Conditions of nodes mention classes in conflict. From memory, so it costs no request.
      for (const node of nodes.all()) enqueue(nodeKey(node.name), 'initial');
    },
  });
  const pauses: Store<V1ConfigMap, PauseView> = new Store({
    project: projectPause,
    group: ({ name }) => name,
    onChange: (name, cause) => {
      if (name !== PAUSE_CONFIG_MAP) return;
      const pause = pauses.get(name);
      rollout.pause(pause === undefined ? undefined : pausedBy(pause));
      enqueue(ROLLOUT_KEY, cause);
    },
  });
  const endings = new Map<string, Ending>();
  const setEnding = (node: string, ending: Ending | undefined) => {
    if (ending === undefined) endings.delete(node);
    else {
      endings.set(node, ending);
      enqueue(nodeKey(node), 'event');
    }
  };
  const busy = () => [...working].filter((name) => nodes.get(name) !== undefined);
  return {
    nodes,
    jobs,
    pods,
    refusals,
    classes,
    pauses,
    shims,
    spinkubeShims,
    rules,
    policyOf: (node) => rules.policyOf(node, base),
    served: { kwasm: false, spinkube: false },
    rollout,
    busy,
    setEnding,
    ending: (node) => endings.get(node),
    heardForMs,
    removing: () => removing,
  };
}

/** One list for all nodes: there are thousands. */
function keysOf(pools: readonly string[], shims: readonly string[]): readonly string[] {
  return shims.length === 0 ? pools : [...new Set([...pools, ...shims])];
}

function pausedBy({ name, reason }: PauseView): string {
  return `all is paused by the ConfigMap ${name} in the operator's namespace${reason === '' ? '' : ` (${reason})`}`;
}

/** What becomes of a Job can wait until every Job is made. */
function progress(cause: 'initial' | 'event'): Priority {
  return cause === 'event' ? 'progress' : cause;
}

/** Memory only, never a request. undefined: the node is gone. */
export function gather(name: string, world: World, turn: Turn): Facts | undefined {
  const node = world.nodes.get(name);
  if (node === undefined) {
    world.setEnding(name, undefined);
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
  return { node, jobs, pods, refusals, classes, heardForMs, turn, ending };
}

function later(best: RefusalView | undefined, one: RefusalView): RefusalView {
  return best === undefined || one.atMs >= best.atMs ? one : best;
}
