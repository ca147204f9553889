import { dump } from 'js-yaml';

const NAME = 'kwasm-demo';

/**
 * What the demo changes in manifests/demo: which image, and one pod on every node, so that each is seen to answer.
 * `base` is the way from the overlay's directory to the manifests; kustomize takes no absolute path.
 */
export function overlay(base: string, image: string, nodes: number): string {
  const [newName, digest] = image.split('@');
  if (newName === undefined || digest === undefined) throw new Error(`${image} is no reference by digest`);
  return dump({
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    resources: [base],
    images: [{ name: NAME, newName, digest }],
    patches: [{ target: { kind: 'Deployment', name: NAME }, patch: JSON.stringify(onePerNode(nodes)) }],
  });
}

function onePerNode(nodes: number): object {
  const matchLabels = { 'app.kubernetes.io/name': NAME };
  const apart = { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels } };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: NAME },
    spec: {
      replicas: nodes,
      // No node has room for a second one, so the old pod goes first.
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 0, maxUnavailable: '100%' } },
      template: {
        spec: {
          topologySpreadConstraints: null,
          affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [apart] } },
        },
      },
    },
  };
}
