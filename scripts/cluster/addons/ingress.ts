import { basename } from 'node:path';
import type { SmallImage } from '../local/images.ts';
import type { Context } from '../provider.ts';
import { TRAEFIK } from '../versions.ts';
import type { Addon, KubeObject } from './addon.ts';
import { ensureWheel, wheelDir } from './wheel.ts';

const NAME = 'traefik';
const NAMESPACE = 'kube-ingress';
const LABELS = { 'app.kubernetes.io/name': NAME };
const RBAC = 'rbac.authorization.k8s.io';
const PING_PORT = 9000;

/** Traefik as K3s has it: the class of every Ingress that names none, on port 80 of a node. */
export const ingress: Addon = {
  name: 'ingress',
  namespace: NAMESPACE,
  deployments: [NAME],
  images: async (context) => [await traefikImage(context)],
  objects: async (image) => [namespace, ...access(), ingressClass, deployment(image(NAME))],
};

export async function traefikImage(context: Context): Promise<SmallImage> {
  const program = await ensureWheel(TRAEFIK, context);
  const tag = basename(wheelDir(TRAEFIK)).slice(NAME.length + 1);
  return { name: `${NAME}:${tag}`, program, entrypoint: [`/${NAME}`] };
}

const namespace: KubeObject = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } };

const ingressClass: KubeObject = {
  apiVersion: 'networking.k8s.io/v1',
  kind: 'IngressClass',
  metadata: { name: NAME, annotations: { 'ingressclass.kubernetes.io/is-default-class': 'true' } },
  spec: { controller: 'traefik.io/ingress-controller' },
};

function access(): readonly KubeObject[] {
  const subjects = [{ kind: 'ServiceAccount', name: NAME, namespace: NAMESPACE }];
  const read = ['get', 'list', 'watch'];
  const rules = [
    { apiGroups: [''], resources: ['services', 'secrets', 'nodes'], verbs: read },
    { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: read },
    { apiGroups: ['networking.k8s.io'], resources: ['ingresses', 'ingressclasses'], verbs: read },
    { apiGroups: ['networking.k8s.io'], resources: ['ingresses/status'], verbs: ['update'] },
  ];
  const roleRef = { apiGroup: RBAC, kind: 'ClusterRole', name: NAME };
  const apiVersion = `${RBAC}/v1`;
  const metadata = { name: NAME };
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: NAME, namespace: NAMESPACE } },
    { apiVersion, kind: 'ClusterRole', metadata, rules },
    { apiVersion, kind: 'ClusterRoleBinding', metadata, roleRef, subjects },
  ];
}

function deployment(image: string): KubeObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: NAME, namespace: NAMESPACE, labels: LABELS },
    spec: {
      // Two of them cannot have the node's port 80.
      strategy: { type: 'Recreate' },
      selector: { matchLabels: LABELS },
      template: { metadata: { labels: LABELS }, spec: podSpec(image) },
    },
  };
}

function podSpec(image: string): object {
  return {
    serviceAccountName: NAME,
    hostNetwork: true,
    tolerations: [{ operator: 'Exists' }],
    terminationGracePeriodSeconds: 5,
    containers: [
      {
        name: NAME,
        image,
        env: [{ name: 'NODE_ADDRESS', valueFrom: { fieldRef: { fieldPath: 'status.hostIP' } } }],
        args: [
          '--entrypoints.web.address=:80',
          `--entrypoints.traefik.address=:${PING_PORT}`,
          '--ping=true',
          '--providers.kubernetesingress=true',
          // What each Ingress then tells in its status.
          '--providers.kubernetesingress.ingressendpoint.ip=$(NODE_ADDRESS)',
          '--global.checknewversion=false',
          '--global.sendanonymoususage=false',
        ],
        ports: [{ name: 'web', containerPort: 80 }],
        resources: { requests: { cpu: '50m', memory: '60Mi' }, limits: { memory: '300Mi' } },
        securityContext: {
          readOnlyRootFilesystem: true,
          allowPrivilegeEscalation: false,
          capabilities: { drop: ['ALL'], add: ['NET_BIND_SERVICE'] },
        },
        readinessProbe: { httpGet: { path: '/ping', port: PING_PORT }, periodSeconds: 1 },
      },
    ],
  };
}
