import { setTimeout as delay } from 'node:timers/promises';
import { CoreV1Api, KubeConfig, NodeV1Api } from '@kubernetes/client-node';
import { JOB_LABEL } from '../../src/contract.ts';
import type { Snapshot } from './view.ts';

export const OPERATOR_NAMESPACE = 'kwasm';
export const DEMO_NAMESPACE = 'default';
export const DEMO_SELECTOR = 'app.kubernetes.io/name=kwasm-demo';

/** One that does not answer must not hold up the look at the others. */
const ANSWER_MS_MAX = 2_000;

/** What the demo asks of the API server, in this process: it looks several times a second. */
export interface DemoApi {
  look(): Promise<Snapshot>;
  hasRuntimeClass(name: string): Promise<boolean>;
  /** Whether that pod answers GET / with 200, asked through the API server. */
  podAnswers(pod: string): Promise<boolean>;
}

/** `image`: of the pods that count; a Deployment of an earlier run may still be on its way out. */
export function demoApi(kubeconfig: string, image: string): DemoApi {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  const [core, node] = [config.makeApiClient(CoreV1Api), config.makeApiClient(NodeV1Api)];
  return {
    look: async () => {
      const [nodes, jobPods, demoPods] = await Promise.all([
        core.listNode(),
        core.listNamespacedPod({ namespace: OPERATOR_NAMESPACE, labelSelector: `${JOB_LABEL}=true` }),
        core.listNamespacedPod({ namespace: DEMO_NAMESPACE, labelSelector: DEMO_SELECTOR }),
      ]);
      const current = demoPods.items.filter(({ spec }) => spec?.containers[0]?.image === image);
      return { nodes: nodes.items, jobPods: jobPods.items, demoPods: current };
    },
    hasRuntimeClass: async (name) =>
      (await node.listRuntimeClass()).items.some(({ metadata }) => metadata?.name === name),
    podAnswers: async (pod) => {
      const path = { name: `${pod}:8080`, namespace: DEMO_NAMESPACE, path: '' };
      const request = core.connectGetNamespacedPodProxyWithPath(path).then(
        () => true,
        () => false,
      );
      return Promise.race([request, delay(ANSWER_MS_MAX, false, { ref: false })]);
    },
  };
}
