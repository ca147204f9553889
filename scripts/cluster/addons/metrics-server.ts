import { basename, join } from 'node:path';
import { metricsServer as tool, toolDir } from '../go-tools.ts';
import type { SmallImage } from '../local/images.ts';
import { ensurePrograms } from '../local/programs.ts';
import type { Context } from '../provider.ts';
import type { Addon, KubeObject } from './addon.ts';

const NAME = 'metrics-server';
const NAMESPACE = 'kube-system';
const LABELS = { 'k8s-app': NAME };
const PORT = 10250;
const RBAC = 'rbac.authorization.k8s.io';
/** Its API group: what `kubectl top` and autoscalers ask. */
const API = 'v1beta1.metrics.k8s.io';

/** What pods and nodes use of processor and memory, for autoscalers: the objects that its own release has. */
export const metricsServer: Addon = {
  name: 'metrics-server',
  namespace: NAMESPACE,
  deployments: [NAME],
  apiService: API,
  images: built,
  objects: async (image) => [...access(), deployment(image(NAME)), service, apiService],
};

async function built({ progress, signal }: Context): Promise<readonly SmallImage[]> {
  await ensurePrograms([tool], progress, signal);
  const dir = toolDir(tool);
  const name = `${NAME}:${basename(dir).slice(NAME.length + 1)}`;
  return [{ name, program: join(dir, NAME), entrypoint: [`/${NAME}`] }];
}

function access(): readonly KubeObject[] {
  const subjects = [{ kind: 'ServiceAccount', name: NAME, namespace: NAMESPACE }];
  const role = (name: string) => ({ apiGroup: RBAC, kind: 'ClusterRole', name });
  const reader = { apiGroup: RBAC, kind: 'Role', name: 'extension-apiserver-authentication-reader' };
  const rules = [
    { apiGroups: [''], resources: ['nodes/metrics'], verbs: ['get'] },
    { apiGroups: [''], resources: ['pods', 'nodes'], verbs: ['get', 'list', 'watch'] },
  ];
  const apiVersion = `${RBAC}/v1`;
  const metadata = { name: `system:${NAME}` };
  const delegator = { name: `${NAME}:system:auth-delegator` };
  const authReader = { name: `${NAME}-auth-reader`, namespace: NAMESPACE };
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: NAME, namespace: NAMESPACE } },
    { apiVersion, kind: 'ClusterRole', metadata, rules },
    { apiVersion, kind: 'ClusterRoleBinding', metadata, roleRef: role(metadata.name), subjects },
    { apiVersion, kind: 'ClusterRoleBinding', metadata: delegator, roleRef: role('system:auth-delegator'), subjects },
    { apiVersion, kind: 'RoleBinding', metadata: authReader, roleRef: reader, subjects },
  ];
}

function deployment(image: string): KubeObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: NAME, namespace: NAMESPACE, labels: LABELS },
    spec: {
      selector: { matchLabels: LABELS },
      template: { metadata: { labels: LABELS }, spec: podSpec(image) },
    },
  };
}

function podSpec(image: string): object {
  return {
    serviceAccountName: NAME,
    priorityClassName: 'system-cluster-critical',
    tolerations: [{ operator: 'Exists' }],
    terminationGracePeriodSeconds: 5,
    // It signs a certificate of its own at start, and writes it.
    volumes: [{ name: 'tmp', emptyDir: {} }],
    containers: [
      {
        name: NAME,
        image,
        args: [
          '--cert-dir=/tmp',
          `--secure-port=${PORT}`,
          '--kubelet-preferred-address-types=InternalIP',
          '--kubelet-use-node-status-port',
          // The kubelets' certificates are the cluster's own here, so they are checked; many clusters have to leave that out.
          '--kubelet-certificate-authority=/var/run/secrets/kubernetes.io/serviceaccount/ca.crt',
          // As often as it can be; 15 s is the default. A kubelet has to answer within less.
          '--metric-resolution=10s',
          '--kubelet-request-timeout=5s',
        ],
        ports: [{ name: 'https', containerPort: PORT }],
        resources: { requests: { cpu: '20m', memory: '60Mi' }, limits: { memory: '200Mi' } },
        securityContext: {
          runAsNonRoot: true,
          runAsUser: 1000,
          readOnlyRootFilesystem: true,
          allowPrivilegeEscalation: false,
          capabilities: { drop: ['ALL'] },
        },
        readinessProbe: { httpGet: { path: '/readyz', port: 'https', scheme: 'HTTPS' }, periodSeconds: 2 },
        volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }],
      },
    ],
  };
}

const service: KubeObject = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: NAME, namespace: NAMESPACE },
  spec: { selector: LABELS, ports: [{ name: 'https', port: 443, targetPort: 'https' }] },
};

/** Upstream leaves the certificate unchecked, too: it is made anew with each pod. */
const apiService: KubeObject = {
  apiVersion: 'apiregistration.k8s.io/v1',
  kind: 'APIService',
  metadata: { name: API },
  spec: {
    service: { name: NAME, namespace: NAMESPACE },
    group: 'metrics.k8s.io',
    version: 'v1beta1',
    insecureSkipTLSVerify: true,
    groupPriorityMinimum: 100,
    versionPriority: 100,
  },
};
