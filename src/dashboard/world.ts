import type { CoreV1Event, V1ConfigMap, V1Job, V1Node, V1Pod } from '@kubernetes/client-node';
import type { Clock } from '../clock.ts';
import { JOB_LABEL, MANAGED_BY, PAUSE_CONFIG_MAP } from '../contract.ts';
import { messageOf } from '../errors.ts';
import type { Logger } from '../log.ts';
import { projectJob, projectPause } from '../operator/decide/project.ts';
import type { ShimObject } from '../operator/decide/shims/project.ts';
import type { JobView, PauseView } from '../operator/decide/view.ts';
import type { Shape } from '../operator/kube/protobuf.ts';
import { CONFIG_MAP, JOB, NODE, POD } from '../operator/kube/shapes.ts';
import { Store } from '../operator/kube/store.ts';
import type { Transport } from '../operator/kube/transport.ts';
import { Watch } from '../operator/kube/watch.ts';
import { type Resource, WATCH_LIMITS } from '../operator/kube/watch-options.ts';
import { detailOf } from './view/detail.ts';
import { type SeenNode, seeNode } from './view/node.ts';
import { rowOf } from './view/row.ts';
import { type SeenPod, seePod } from './view/run.ts';
import { seeShim } from './view/shim.ts';
import type { Detail, Health, NodeRow, ShimRow } from './wire.ts';

export interface WorldOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
  /** The operator's. */
  readonly namespace: string;
  /** A node's row may have changed. */
  readonly onNode: (name: string) => void;
}

/** A cluster without Shims may get them; nobody waits for that on a page. */
const ABSENT_MS = 30_000;
const SHIMS = '/apis/kwasm.sh/v1alpha1/shims';
const SHIMS_MAX = 200;
const EVENTS_MAX = 100;
const EVENTS_MS_MAX = 5_000;

/** What the page shows, kept current by five watches, each asking for no more than is shown. */
export class World {
  readonly #options: WorldOptions;
  readonly #nodes: Store<V1Node, SeenNode>;
  readonly #jobs: Store<V1Job, JobView>;
  readonly #pods: Store<V1Pod, SeenPod>;
  readonly #pauses: Store<V1ConfigMap, PauseView>;
  readonly #shims: Store<ShimObject, ShimRow>;
  readonly #watches: readonly Watch<object>[];

  constructor(options: WorldOptions) {
    this.#options = options;
    const { namespace, onNode: onChange } = options;
    this.#nodes = new Store({ project: seeNode, group: ({ view }) => view.name, onChange });
    this.#jobs = new Store({ project: projectJob, group: ({ node }) => node, onChange });
    this.#pods = new Store({ project: seePod, group: ({ view }) => view.node, onChange });
    this.#pauses = new Store({ project: projectPause, group: ({ name }) => name, onChange: () => {} });
    this.#shims = new Store({ project: seeShim, group: ({ name }) => name, onChange: () => {} });
    const ours = { labelSelector: `${JOB_LABEL}=true` };
    const pause = { fieldSelector: `metadata.name=${PAUSE_CONFIG_MAP}` };
    const core = `/api/v1/namespaces/${namespace}`;
    const jobs = `/apis/batch/v1/namespaces/${namespace}/jobs`;
    this.#watches = [
      this.#watch(this.#nodes, NODE, { name: 'nodes', path: '/api/v1/nodes', selectors: {} }),
      this.#watch(this.#jobs, JOB, { name: 'jobs', path: jobs, selectors: ours }),
      this.#watch(this.#pods, POD, { name: 'pods', path: `${core}/pods`, selectors: ours }),
      this.#watch(this.#pauses, CONFIG_MAP, { name: 'configmaps', path: `${core}/configmaps`, selectors: pause }),
      this.#watch(this.#shims, undefined, {
        name: 'shims',
        path: SHIMS,
        selectors: {},
        optional: { absentMs: ABSENT_MS },
      }),
    ];
  }

  /** Until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#watches.map((watch) => watch.run(signal)));
  }

  names(): readonly string[] {
    return this.#nodes.all().map(({ view }) => view.name);
  }

  row(name: string): NodeRow | undefined {
    const seen = this.#nodes.get(name);
    return seen === undefined ? undefined : rowOf(seen, this.#jobs.inGroup(name));
  }

  shims(): readonly ShimRow[] {
    return [...this.#shims.all()].sort((a, b) => (a.name < b.name ? -1 : 1)).slice(0, SHIMS_MAX);
  }

  health(): Health {
    const health = this.#watches.map((watch) => watch.health());
    const [pause] = this.#pauses.all();
    return {
      synced: health.find(({ resource }) => resource === 'nodes')?.synced === true,
      paused: pause && (pause.reason || 'no reason given'),
      troubles: health.flatMap(({ resource, trouble }) => (trouble === '' ? [] : [{ resource, text: trouble }])),
    };
  }

  /** Events are read when somebody looks: an API server keeps no cache of them, and thousands of nodes have many. */
  async detail(name: string, signal: AbortSignal): Promise<Detail | undefined> {
    if (this.#nodes.get(name) === undefined) return undefined;
    const events = await this.#events(name, signal);
    const seen = this.#nodes.get(name);
    if (seen === undefined) return undefined;
    return detailOf(seen, this.#jobs.inGroup(name), this.#pods.inGroup(name), events);
  }

  async #events(name: string, signal: AbortSignal): Promise<readonly CoreV1Event[] | string> {
    const fieldSelector = `involvedObject.kind=Node,involvedObject.name=${name},source=${MANAGED_BY}`;
    const query = { fieldSelector, limit: String(EVENTS_MAX) };
    // Events of objects without a namespace lie in this one.
    const call = { method: 'GET', verb: 'list', path: '/api/v1/namespaces/default/events', query } as const;
    try {
      const either = AbortSignal.any([signal, AbortSignal.timeout(EVENTS_MS_MAX)]);
      const answer = (await this.#options.transport.send(call, either)) as { readonly items?: readonly CoreV1Event[] };
      return answer.items ?? [];
    } catch (error) {
      return messageOf(error);
    }
  }

  #watch(store: unknown, shape: Shape | undefined, what: Omit<Resource, 'shape' | 'bookmarks'>): Watch<object> {
    const { transport, clock, random, log } = this.#options;
    const base = { transport, clock, random, log, limits: WATCH_LIMITS, watchList: true, onRestart: () => {} };
    const resource = { ...what, shape, bookmarks: true };
    return new Watch({ ...base, resource, store: store as Store<object, unknown> });
  }
}
