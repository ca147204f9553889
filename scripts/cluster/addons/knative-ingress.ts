import type { KubeObject } from './addon.ts';

/** The Deployment's name, and its Service's. */
export const PROXY = 'knative-ingress';
const LABELS = { 'app.kubernetes.io/name': PROXY };
const RBAC = 'rbac.authorization.k8s.io';
const PING_PORT = 9000;
const WEB_PORT = 8000;

/** Traefik with its provider for Knative's Ingresses: for hosts outside and, by the same Service, for names of the cluster. */
export function knativeIngress(namespace: string, image: string): readonly KubeObject[] {
  return [...access(namespace), service(namespace), deployment(namespace, image)];
}

function access(namespace: string): readonly KubeObject[] {
  const read = ['get', 'list', 'watch'];
  const group = 'networking.internal.knative.dev';
  const rules = [
    { apiGroups: [''], resources: ['services', 'endpoints', 'secrets', 'nodes', 'namespaces'], verbs: read },
    { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: read },
    { apiGroups: [group], resources: ['ingresses', 'serverlessservices'], verbs: read },
    { apiGroups: [group], resources: ['ingresses/status'], verbs: ['update', 'patch'] },
  ];
  const metadata = { name: PROXY };
  const apiVersion = `${RBAC}/v1`;
  const roleRef = { apiGroup: RBAC, kind: 'ClusterRole', name: PROXY };
  const subjects = [{ kind: 'ServiceAccount', name: PROXY, namespace }];
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: PROXY, namespace } },
    { apiVersion, kind: 'ClusterRole', metadata, rules },
    { apiVersion, kind: 'ClusterRoleBinding', metadata, roleRef, subjects },
  ];
}

function service(namespace: string): KubeObject {
  const ports = [{ name: 'web', port: 80, targetPort: 'web' }];
  return { apiVersion: 'v1', kind: 'Service', metadata: { name: PROXY, namespace }, spec: { selector: LABELS, ports } };
}

function deployment(namespace: string, image: string): KubeObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: PROXY, namespace, labels: LABELS },
    spec: {
      selector: { matchLabels: LABELS },
      template: { metadata: { labels: LABELS }, spec: podSpec(namespace, image) },
    },
  };
}

function podSpec(namespace: string, image: string): object {
  const reached = (kind: string) => [
    `--providers.knative.${kind}service.name=${PROXY}`,
    `--providers.knative.${kind}service.namespace=${namespace}`,
  ];
  return {
    serviceAccountName: PROXY,
    terminationGracePeriodSeconds: 5,
    containers: [
      {
        name: 'traefik',
        image,
        args: [
          `--entrypoints.web.address=:${WEB_PORT}`,
          `--entrypoints.traefik.address=:${PING_PORT}`,
          '--ping=true',
          '--experimental.knative=true',
          '--providers.knative=true',
          '--providers.knative.publicentrypoints=web',
          '--providers.knative.privateentrypoints=web',
          ...reached('public'),
          ...reached('private'),
          '--global.checknewversion=false',
          '--global.sendanonymoususage=false',
        ],
        ports: [{ name: 'web', containerPort: WEB_PORT }],
        resources: { requests: { cpu: '50m', memory: '60Mi' }, limits: { memory: '300Mi' } },
        securityContext: {
          runAsNonRoot: true,
          runAsUser: 65532,
          readOnlyRootFilesystem: true,
          allowPrivilegeEscalation: false,
          capabilities: { drop: ['ALL'] },
        },
        readinessProbe: { httpGet: { path: '/ping', port: PING_PORT }, periodSeconds: 1 },
      },
    ],
  };
}
