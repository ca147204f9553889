import { join } from 'node:path';
import type { V1Node } from '@kubernetes/client-node';
import { dump, load } from 'js-yaml';
import { asked, BENCH_AUDIT_POLICY } from '../../scripts/bench/audit.ts';
import { type Naming, startKubelets } from '../../scripts/bench/kubelets.ts';
import { install, NAMESPACE } from '../../scripts/bench/namespace.ts';
import { OperatorProcess } from '../../scripts/bench/operator-process.ts';
import { annotateAll } from '../../scripts/bench/population.ts';
import { kwok } from '../../scripts/cluster/go-tools.ts';
import { progressTo } from '../../scripts/cluster/progress.ts';
import { bundle, PROGRAMS } from '../../scripts/images/bundle.ts';
import { inParallel } from '../../scripts/plane/api.ts';
import { Plane } from '../../scripts/plane/plane.ts';
import { root } from '../../scripts/testing/mocha.ts';
import { PROVISIONED_LABEL, TRIGGER } from '../../src/contract.ts';
import { eventually } from './eventually.ts';
import { type FleetNode, fleetNode } from './fleet-node.ts';
import { HandKubelet } from './hand-kubelet.ts';
import { JobHistory } from './job-history.ts';

const EMPTY = 'empty';
const WORKERS = 16;
/** Beside what Jobs need: what clears up after a node that is gone. */
const CONTROLLERS = [
  'job-controller',
  'garbage-collector-controller',
  'pod-garbage-collector-controller',
  'resourcequota-controller',
  'ttl-after-finished-controller',
];

/** Parts of the operator's configuration file; what is left out has its default. */
export interface FleetConfig {
  readonly rollout: Readonly<Record<string, unknown>>;
  readonly installer?: Readonly<Record<string, unknown>>;
  /** The node that the operator is told it runs on. */
  readonly ownNode?: string;
  /** How late kubelets name new handlers. */
  readonly naming?: Naming;
  /** Where the operator finds the API server, if not at its own address. */
  readonly server?: URL;
}

interface Started {
  readonly history: JobHistory;
  readonly config: FleetConfig;
  operator: OperatorProcess;
}

/**
 * Many nodes for a story: a real API server and etcd, the real Job controller, garbage collector and quota, the operator's
 * own process with the chart's permissions; kwok plays the kubelets, and the story those whose name begins with `hand-`.
 */
export class Fleet {
  readonly plane: Plane;
  readonly kubelet: HandKubelet;
  readonly #program: { readonly app: string; readonly config: string };
  #started: Started | undefined;

  private constructor(plane: Plane, program: { readonly app: string; readonly config: string }) {
    this.plane = plane;
    this.kubelet = new HandKubelet(plane.api);
    this.#program = program;
  }

  static async open(name: string, address: string): Promise<Fleet> {
    const progress = progressTo((line) => console.error(line));
    const signal = new AbortController().signal;
    const options = { name, address, fsync: false, auditPolicy: BENCH_AUDIT_POLICY, apiServerFlags: [] };
    const plane = await Plane.open({ ...options, progress, signal }, [kwok]);
    try {
      const { unlimited: config } = await install(plane.api, progress);
      await plane.save(EMPTY);
      const context = join(plane.dir, 'operator');
      await bundle(root, PROGRAMS.operator, context);
      return new Fleet(plane, { app: join(context, 'app'), config });
    } catch (error) {
      await plane.close();
      throw error;
    }
  }

  /** Nothing but these nodes, and an operator that has seen them. */
  async begin(nodes: readonly FleetNode[], config: FleetConfig): Promise<void> {
    await this.end();
    await this.plane.restore(EMPTY);
    await this.startBeside(config.naming);
    await inParallel(nodes, WORKERS, async (node, index) => await this.create(node, index));
    const history = await JobHistory.open(this.plane.api);
    this.#started = { history, config, operator: await this.#operator(config) };
  }

  /** Controllers and kubelets; they go whenever the plane is stopped. */
  async startBeside(naming?: Naming): Promise<void> {
    await this.plane.startControllers(CONTROLLERS);
    await startKubelets(this.plane, naming);
  }

  /**
   * As a kubelet does: the node, then its conditions by a patch of its status. What a node is created with nobody owns, and
   * goes with the last condition that was applied beside it.
   */
  async create(given: FleetNode, index: number): Promise<void> {
    const node = fleetNode(given, index);
    const { conditions, ...status } = node.status ?? {};
    const path = '/api/v1/nodes';
    await this.plane.api.change({ method: 'POST', path: `${path}?fieldManager=kubelet`, body: { ...node, status } });
    const contentType = 'application/strategic-merge-patch+json';
    const body = { status: { conditions } };
    const own = `${path}/${given.name}/status?fieldManager=kubelet`;
    await this.plane.api.change({ method: 'PATCH', path: own, body, contentType });
  }

  /** Killed without a word, and started again. */
  async restartOperator(): Promise<void> {
    const started = this.#now;
    await started.operator.stop('SIGKILL');
    started.operator = await this.#operator(started.config);
  }

  get history(): JobHistory {
    return this.#now.history;
  }

  get operator(): OperatorProcess {
    return this.#now.operator;
  }

  async want(names: readonly string[]): Promise<void> {
    await annotateAll(this.plane.api, names);
  }

  async annotate(name: string, annotations: Readonly<Record<string, string | null>>): Promise<void> {
    await this.#patch(`/api/v1/nodes/${name}`, { metadata: { annotations } });
  }

  async unwant(name: string): Promise<void> {
    await this.annotate(name, { [TRIGGER]: null });
  }

  /** null: everybody may go on. */
  async pauseAll(reason: string | null): Promise<void> {
    const path = `/api/v1/namespaces/${NAMESPACE}/configmaps`;
    const body = { metadata: { name: 'kwasm-pause' }, data: { reason } };
    if (reason !== null) await this.plane.api.change({ method: 'POST', path, body });
    else await this.plane.api.change({ method: 'DELETE', path: `${path}/kwasm-pause` });
  }

  async node(name: string): Promise<V1Node> {
    return await this.plane.api.get<V1Node>(`/api/v1/nodes/${name}`);
  }

  /** `Provisioned: ...`, as the node's condition has it; empty without one. */
  async says(name: string): Promise<string> {
    const { status } = await this.node(name);
    const condition = status?.conditions?.find(({ type }) => type === 'KwasmReady');
    return condition === undefined ? '' : `${condition.reason}: ${condition.message}`;
  }

  async saying(name: string, pattern: RegExp, withinMs = 30_000): Promise<string> {
    return await eventually(`${name} says ${pattern}`, withinMs, async (seen) => {
      const text = await this.says(name);
      seen(text);
      return pattern.test(text) ? text : undefined;
    });
  }

  async provisioned(names: readonly string[], withinMs = 120_000): Promise<void> {
    const selector = encodeURIComponent(PROVISIONED_LABEL);
    await eventually(`${names.length} nodes provisioned`, withinMs, async (seen) => {
      const { items } = await this.plane.api.get<{ items: V1Node[] }>(`/api/v1/nodes?labelSelector=${selector}`);
      const have = new Set(items.map(({ metadata }) => metadata?.name));
      const missing = names.filter((name) => !have.has(name));
      seen(`${missing.length} are not: ${await Promise.all(missing.slice(0, 3).map((one) => this.says(one)))}`);
      return missing.length === 0 ? true : undefined;
    });
  }

  /** Names of the nodes whose Jobs the API server was asked for, in order, and what it answered. */
  async asked(): Promise<readonly { readonly name: string; readonly code: number; readonly atMs: number }[]> {
    const log = await asked(this.plane.auditLog);
    return log.filter(({ verb, resource }) => verb === 'create' && resource === 'jobs');
  }

  async metric(line: string): Promise<number | undefined> {
    return (await this.operator.metrics()).get(line);
  }

  async end(): Promise<void> {
    await this.#started?.operator.stop('SIGKILL');
    await this.#started?.history.close();
    this.#started = undefined;
  }

  async close(): Promise<void> {
    await this.end();
    await this.plane.close();
  }

  get #now(): Started {
    if (this.#started === undefined) throw new Error('begin() has not been called');
    return this.#started;
  }

  async #operator({ rollout, installer, ownNode, server }: FleetConfig): Promise<OperatorProcess> {
    const { app, config } = this.#program;
    const base = load(config) as { readonly installer: object };
    const text = dump({ ...base, installer: { ...base.installer, ...installer }, rollout });
    const env = ownNode === undefined ? {} : { KWASM_NODE_NAME: ownNode };
    const at = server === undefined ? {} : { server };
    const operator = await OperatorProcess.start({ plane: this.plane, app, config: text, env, ...at });
    await operator.ready();
    return operator;
  }

  async #patch(path: string, body: object): Promise<void> {
    await this.plane.api.change({ method: 'PATCH', path, body, contentType: 'application/merge-patch+json' });
  }
}
