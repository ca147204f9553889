import { setTimeout as delay } from 'node:timers/promises';
import type { V1Pod } from '@kubernetes/client-node';
import { eventually } from '../../../e2e/harness/eventually.ts';
import type { TestCluster } from '../../../e2e/harness/test-cluster.ts';
import { WORKLOADS } from '../../../e2e/harness/workloads.ts';
import type { Candidate } from './images.ts';

export interface Running {
  readonly name: string;
  readonly uid: string;
  readonly url: string;
}

const START_MS_MAX = 300_000;
const POLL_MS = 20;

/** Pods of a candidate on one node, by hand: nothing but the kubelet is between the request and the process. */
export class Pods {
  readonly #test: TestCluster;
  readonly #node: string;

  constructor(test: TestCluster, node: string) {
    this.#test = test;
    this.#node = node;
  }

  /** From the pod's creation to its first answer. */
  async firstAnswer(candidate: Candidate, name: string): Promise<Running & { readonly tookMs: number }> {
    const began = performance.now();
    await this.#test.kubectl.apply(podOf(candidate, name, this.#node));
    const pod = await this.#running(name);
    const url = `http://${pod.status?.podIP}:8080/hello`;
    for (;;) {
      const answer = await fetch(url, { signal: AbortSignal.timeout(5_000) }).catch(() => undefined);
      await answer?.text();
      const tookMs = performance.now() - began;
      if (answer?.ok === true) return { name, uid: pod.metadata?.uid ?? '', url, tookMs };
      if (tookMs > START_MS_MAX) throw new Error(`${name} does not answer`);
      await delay(POLL_MS);
    }
  }

  async #running(name: string): Promise<V1Pod> {
    return await eventually(`${name}: an address`, START_MS_MAX, async (seen) => {
      const pod = await this.#test.kubectl.get<V1Pod>(['pod', '-n', WORKLOADS, name]);
      seen(JSON.stringify(pod.status?.containerStatuses?.[0]?.state));
      return pod.status?.podIP === undefined ? undefined : pod;
    });
  }

  async remove(): Promise<void> {
    const args = ['delete', 'pods', '-n', WORKLOADS, '-l', 'bench=functions', '--grace-period=1', '--timeout=120s'];
    await this.#test.kubectl.run(args);
  }

  /** What was pulled of it, and what was compiled of it, leaves the node. */
  async forget({ image }: Candidate): Promise<void> {
    await this.#test.exec(this.#node)([
      'sh',
      '-c',
      'crictl rmi "$1" >/dev/null 2>&1 || true; ctr -n k8s.io content prune references >/dev/null 2>&1 || true',
      'sh',
      image,
    ]);
  }
}

function podOf({ image, runtimeClass }: Candidate, name: string, node: string): V1Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: WORKLOADS, labels: { bench: 'functions' } },
    spec: {
      ...(runtimeClass === undefined ? {} : { runtimeClassName: runtimeClass }),
      nodeName: node,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      terminationGracePeriodSeconds: 1,
      containers: [
        {
          name: 'function',
          image,
          imagePullPolicy: 'IfNotPresent',
          ports: [{ containerPort: 8080 }],
          // Without a request a pod has a five hundredth of a processor's share beside whatever else runs.
          resources: { requests: { cpu: '100m' } },
        },
      ],
    },
  };
}
