import type { V1Deployment, V1Pod, V1Service } from '@kubernetes/client-node';
import { eventually } from './eventually.ts';
import type { Kubectl } from './kubectl.ts';
import { TRAFFIC_SERVER } from './traffic.ts';

export const WORKLOADS = 'default';
/** What `fixtures.http` answers. */
export const HELLO = 'hello\n';

/** An HTTP component behind a Service, pinned to one node as people pin: by a node selector. */
export function wasmDeployment(
  name: string,
  image: string,
  node: string,
  runtimeClassName = 'wasmtime',
): readonly [V1Deployment, V1Service] {
  const labels = { app: name };
  return [
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name, namespace: WORKLOADS },
      spec: {
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: {
            runtimeClassName,
            nodeSelector: { 'kubernetes.io/hostname': node },
            terminationGracePeriodSeconds: 5,
            containers: [
              {
                name: 'hello',
                image,
                ports: [{ containerPort: 8080 }],
                resources: { requests: { cpu: '50m', memory: '64Mi' }, limits: { memory: '1Gi' } },
              },
            ],
          },
        },
      },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name, namespace: WORKLOADS },
      spec: { selector: labels, ports: [{ port: 80, targetPort: 8080 }] },
    },
  ];
}

/** An ordinary runc pod that serves `watchTraffic`; the image only has to carry Node. */
export function trafficPod(name: string, image: string, node: string): V1Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: WORKLOADS, labels: { app: name } },
    spec: {
      nodeName: node,
      terminationGracePeriodSeconds: 1,
      containers: [
        { name: 'server', image, command: ['node', '-e', TRAFFIC_SERVER], ports: [{ containerPort: 8080 }] },
      ],
    },
  };
}

/** A running pod's address, once it has one. */
export async function podAddress(kubectl: Kubectl, selector: string, withinMs = 120_000): Promise<string> {
  return eventually(`a running pod ${selector}`, withinMs, async (seen) => {
    const { items } = await kubectl.get<{ items: V1Pod[] }>(['pods', '-n', WORKLOADS, '-l', selector]);
    const pod = items[0];
    const states = pod?.status?.containerStatuses?.map(({ state }) => state);
    seen(
      pod === undefined ? 'no pod' : JSON.stringify(states ?? pod.status?.conditions?.map(({ message }) => message)),
    );
    return pod?.status?.phase === 'Running' ? pod.status.podIP : undefined;
  });
}

/** The body of the first 200 from `url`. The first start of a component compiles it, hence minutes. */
export async function answer(url: string, withinMs = 240_000): Promise<string> {
  return eventually(`an answer from ${url}`, withinMs, async (seen) => {
    const response = await fetch(url, { signal: AbortSignal.timeout(5_000) });
    const body = await response.text();
    seen(`HTTP ${response.status}: ${body.slice(0, 200)}`);
    return response.status === 200 ? body : undefined;
  });
}
