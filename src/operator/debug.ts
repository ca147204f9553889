import type { Clock } from '../clock.ts';
import { recall } from './decide/record.ts';
import { STAGES, stageOf } from './decide/stage.ts';
import type { JobView, NodeView, PodView } from './decide/view.ts';
import { type Page, text } from './http.ts';
import type { WatchHealth } from './kube/watch.ts';
import type { KeyedQueue } from './loop/queue.ts';
import type { World } from './loop/world.ts';

/** What /debug/state reads. All of it is memory; no request follows from looking. */
export interface DebugSources {
  readonly version: string;
  readonly clock: Clock;
  readonly world: World;
  readonly queue: Pick<KeyedQueue, 'state'>;
  readonly watches: () => readonly WatchHealth[];
  readonly leadership: () => { readonly leading: boolean; readonly holder: string | undefined };
  readonly eventsRemembered: () => number;
}

const NODES_DEFAULT = 500;
const NODES_MAX = 5_000;
const TIMERS_MAX = 100;

/**
 * For support: what the operator knows, waits for and works on, as JSON. On a loopback port, so only who may forward a
 * port or run a command in the pod sees it. No secrets: neither environment nor credentials nor what containers wrote.
 */
export function debugPage(from: DebugSources, query: URLSearchParams): Page {
  const node = query.get('node');
  if (node !== null) return nodePage(from, node);
  const stage = query.get('stage');
  if (stage !== null && !Object.hasOwn(STAGES, stage)) {
    return text(400, `no stage ${stage}; there are: ${Object.keys(STAGES).join(', ')}\n`);
  }
  const limit = Number(query.get('limit') ?? NODES_DEFAULT);
  if (!Number.isInteger(limit) || limit < 0 || limit > NODES_MAX) {
    return text(400, `limit is a whole number from 0 to ${NODES_MAX}\n`);
  }
  return json(200, debugState(from, { stage, limit, after: query.get('after') ?? '' }));
}

interface Selection {
  readonly stage: string | null;
  readonly limit: number;
  readonly after: string;
}

function debugState(from: DebugSources, { stage, limit, after }: Selection): object {
  const { version, clock, world, queue, watches, leadership, eventsRemembered } = from;
  const { namespace, autoProvision, installer, runtimeClasses, rollout } = world.policy;
  const busy = new Set(world.busy());
  const stages: Record<string, number> = {};
  const chosen: { readonly node: NodeView; readonly stage: string }[] = [];
  for (const node of world.nodes.all()) {
    const its = stageOf(node, busy.has(node.name), world.policyOf(node));
    stages[its] = (stages[its] ?? 0) + 1;
    if ((stage === null || its === stage) && node.name > after) chosen.push({ node, stage: its });
  }
  chosen.sort((a, b) => (a.node.name < b.node.name ? -1 : 1));
  const shown = chosen.slice(0, limit);
  return {
    version,
    at: new Date(clock.nowMs()).toISOString(),
    uptimeSeconds: Math.round(process.uptime()),
    memory: process.memoryUsage(),
    openResources: counted(process.getActiveResourcesInfo()),
    leadership: leadership(),
    configuration: {
      namespace,
      autoProvision,
      removeAll: world.removing,
      installs: installer.installImage,
      own: installer.image,
      runtimeClasses,
      shims: world.rules.now.all,
      rollout,
    },
    watches: watches().map(({ troubleSinceMs, ...watch }) => ({
      ...watch,
      troubleSeconds: troubleSinceMs === undefined ? 0 : Math.round((clock.monotonicMs() - troubleSinceMs) / 1000),
    })),
    stores: {
      nodes: world.nodes.size,
      jobs: world.jobs.size,
      pods: world.pods.size,
      refusals: world.refusals.size,
      runtimeClasses: world.classes.size,
      shims: world.shims.size,
      spinkubeShims: world.spinkubeShims.size,
      pauses: world.pauses.size,
    },
    queue: queue.state(TIMERS_MAX),
    eventsRemembered: eventsRemembered(),
    busy: [...busy].slice(0, NODES_DEFAULT),
    stages,
    nodes: shown.map(brief),
    ...(shown.length < chosen.length
      ? { more: chosen.length - shown.length, next: shown.at(-1)?.node.name ?? after }
      : {}),
  };
}

function brief({ node, stage }: { readonly node: NodeView; readonly stage: string }) {
  const { name, ready, condition, runtimeLabels } = node;
  return {
    name,
    stage,
    ready,
    handlers: runtimeLabels,
    reason: condition?.reason ?? '',
    since: condition === undefined ? '' : new Date(condition.sinceMs).toISOString(),
  };
}

function nodePage({ world }: DebugSources, name: string): Page {
  const node = world.nodes.get(name);
  if (node === undefined) return text(404, 'the operator knows no such node\n');
  const memory = recall(node.record);
  return json(200, {
    stage: stageOf(node, world.busy().includes(name), world.policyOf(node)),
    node: { ...node, record: memory.kind === 'record' ? memory.record : memory.kind },
    jobs: world.jobs.inGroup(name).map((job) => ({ ...job, refusal: refusalOf(world, job) })),
    pods: world.pods.inGroup(name).map(withoutWords),
  });
}

function refusalOf({ refusals }: World, { uid }: JobView): string {
  return refusals.inGroup(uid).at(-1)?.message ?? '';
}

/** What a container wrote at its end may be a stranger's. */
function withoutWords(pod: PodView) {
  const containers = pod.containers.map(({ name, state }) => {
    if (state.kind !== 'ended') return { name, state };
    const { kind, exitCode, reason } = state;
    return { name, state: { kind, exitCode, reason } };
  });
  return { ...pod, containers };
}

function counted(names: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

function json(status: number, body: object): Page {
  return { status, type: 'application/json', body: `${JSON.stringify(body, null, 1)}\n` };
}
