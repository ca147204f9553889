import type { V1Pod } from '@kubernetes/client-node';
import { NAMESPACE } from '../../scripts/bench/namespace.ts';
import type { Api } from '../../scripts/plane/api.ts';
import { EXIT_CODES, type Outcome, printVerdict } from '../../src/verdict.ts';
import { eventually } from './eventually.ts';

/** A kubelet that a story plays itself, so that it decides when a run ends, and how. */
export class HandKubelet {
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  /** The newest pod on this node that is still to run or runs, once there is one. */
  async pod(node: string, withinMs = 30_000): Promise<V1Pod> {
    return await eventually(`a pod to run on ${node}`, withinMs, async (seen) => {
      const all = await this.#pods(node);
      seen(all.map(({ metadata, status }) => `${metadata?.name} ${status?.phase}`).join(', ') || 'no pod');
      const alive = all.filter(
        ({ metadata, status }) =>
          metadata?.deletionTimestamp === undefined && (status?.phase === 'Pending' || status?.phase === 'Running'),
      );
      return alive.toSorted((a, b) => createdMs(b) - createdMs(a))[0];
    });
  }

  async starts(node: string): Promise<void> {
    await this.#report(await this.pod(node), 'Running', { running: { startedAt: now() } }, true);
  }

  /** As its installer would end with this verdict. */
  async ends(node: string, outcome: Outcome, reason: string, message = ''): Promise<void> {
    const exitCode = EXIT_CODES[outcome];
    const handlers = outcome === 'installed' ? ['wasmtime'] : [];
    const containerd = { version: '2.1.5', unit: 'containerd.service', config: '/etc/containerd/config.toml' };
    const verdict = { kind: 'kwasm.sh/verdict', version: 1, outcome, reason, message, handlers, containerd } as const;
    const terminated = {
      exitCode,
      reason: exitCode === 0 ? 'Completed' : 'Error',
      message: printVerdict({ ...verdict, files: [], steps: [] }),
      startedAt: now(),
      finishedAt: now(),
    };
    await this.#report(await this.pod(node), exitCode === 0 ? 'Succeeded' : 'Failed', { terminated }, false);
  }

  /** `kubectl drain`, and what a kubelet does about it: the pod's containers are killed, then the object goes. */
  async evicted(node: string): Promise<void> {
    const pod = await this.pod(node);
    const { name, namespace } = pod.metadata ?? {};
    const path = `/api/v1/namespaces/${namespace}/pods/${name}`;
    const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace } };
    await this.#api.change({ method: 'POST', path: `${path}/eviction`, body: eviction });
    const terminated = { exitCode: 137, reason: 'Error', startedAt: now(), finishedAt: now() };
    await this.#report(pod, 'Failed', { terminated }, false);
    await this.#api.change({ method: 'DELETE', path, body: { gracePeriodSeconds: 0 } });
  }

  /** What a kubelet does about pods that are told to go: they end, and their objects go. */
  async clearsUp(node: string): Promise<void> {
    for (const { metadata } of (await this.#pods(node)).filter(
      (pod) => pod.metadata?.deletionTimestamp !== undefined,
    )) {
      const path = `/api/v1/namespaces/${NAMESPACE}/pods/${metadata?.name}`;
      await this.#api.change({ method: 'DELETE', path, body: { gracePeriodSeconds: 0 } });
    }
  }

  async #pods(node: string): Promise<readonly V1Pod[]> {
    const selector = encodeURIComponent(`spec.nodeName=${node}`);
    const path = `/api/v1/namespaces/${NAMESPACE}/pods?fieldSelector=${selector}`;
    return (await this.#api.get<{ items: V1Pod[] }>(path)).items;
  }

  async #report({ metadata, spec }: V1Pod, phase: string, state: object, ready: boolean): Promise<void> {
    const condition = (type: string) => ({ type, status: ready ? 'True' : 'False', lastTransitionTime: now() });
    const containerStatuses = spec?.containers.map(({ name, image }) => {
      return { name, image, imageID: '', ready, restartCount: 0, state };
    });
    const conditions = [condition('Ready'), condition('ContainersReady')];
    await this.#api.change({
      method: 'PATCH',
      path: `/api/v1/namespaces/${metadata?.namespace}/pods/${metadata?.name}/status`,
      contentType: 'application/strategic-merge-patch+json',
      body: { status: { phase, startTime: now(), conditions, containerStatuses } },
    });
  }
}

const now = () => new Date().toISOString().replace(/\.\d+Z/, 'Z');

function createdMs({ metadata }: V1Pod): number {
  return new Date(metadata?.creationTimestamp ?? 0).getTime();
}
