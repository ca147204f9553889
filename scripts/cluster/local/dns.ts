import { basename, join } from 'node:path';
import { coredns, toolDir } from '../go-tools.ts';
import type { Addresses } from './addresses.ts';
import { ensureImage, type SmallImage } from './images.ts';
import { kubectl } from './kubectl.ts';
import { nameServers } from './name-servers.ts';
import { registryAddress } from './registry.ts';

/** The cluster's DNS, where every kubelet tells its pods to ask. */
export async function ensureDns(dir: string, addresses: Addresses, signal: AbortSignal | undefined): Promise<void> {
  const image = await ensureImage(dnsImage(), registryAddress(addresses), signal);
  const list = {
    apiVersion: 'v1',
    kind: 'List',
    items: dnsObjects({ image, address: addresses.dns, upstream: hasUpstream() }),
  };
  await kubectl(dir, ['apply', '--filename', '-'], JSON.stringify(list));
  await kubectl(dir, ['--namespace', NAMESPACE, 'rollout', 'status', 'deployment/coredns', '--timeout=50s']);
}

function dnsImage(): SmallImage {
  const program = join(toolDir(coredns), 'coredns');
  return {
    name: basename(toolDir(coredns)).replace('-', ':'),
    program,
    entrypoint: ['/coredns', '-conf', '/etc/coredns/Corefile'],
  };
}

function hasUpstream(): boolean {
  return /^\s*nameserver\s/m.test(nameServers());
}

export interface Dns {
  readonly image: string;
  readonly address: string;
  /** Whether the nodes have a name server for the rest of the world; CoreDNS does not start on an empty list. */
  readonly upstream: boolean;
}

const NAMESPACE = 'kube-system';
const LABELS = { 'k8s-app': 'kube-dns' };

export function corefile(upstream: boolean): string {
  return `.:53 {
    errors
    health
    ready
    cache 30
    kubernetes cluster.local in-addr.arpa ip6.arpa {
        pods insecure
        fallthrough in-addr.arpa ip6.arpa
        ttl 30
    }
${upstream ? '    forward . /etc/resolv.conf\n' : ''}}
`;
}

/** As kubeadm sets it up, with one replica. */
export function dnsObjects({ image, address, upstream }: Dns): readonly object[] {
  const name = 'coredns';
  const meta = { name, namespace: NAMESPACE, labels: LABELS };
  const subject = { kind: 'ServiceAccount', name, namespace: NAMESPACE };
  const role = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'system:coredns' };
  const read = ['list', 'watch'];
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: meta },
    {
      ...{ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: { name: role.name } },
      rules: [
        { apiGroups: [''], resources: ['services', 'pods', 'namespaces'], verbs: read },
        { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: read },
      ],
    },
    {
      ...{ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRoleBinding', metadata: { name: role.name } },
      roleRef: role,
      subjects: [subject],
    },
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: meta, data: { Corefile: corefile(upstream) } },
    {
      ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: meta },
      spec: {
        replicas: 1,
        selector: { matchLabels: LABELS },
        template: { metadata: { labels: LABELS }, spec: podSpec(name, image) },
      },
    },
    {
      ...{ apiVersion: 'v1', kind: 'Service', metadata: { ...meta, name: 'kube-dns' } },
      spec: {
        clusterIP: address,
        selector: LABELS,
        ports: [
          { name: 'dns', port: 53, protocol: 'UDP' },
          { name: 'dns-tcp', port: 53, protocol: 'TCP' },
        ],
      },
    },
  ];
}

function podSpec(name: string, image: string): object {
  return {
    serviceAccountName: name,
    priorityClassName: 'system-cluster-critical',
    // Its own questions go where the node's go, not to itself.
    dnsPolicy: 'Default',
    tolerations: [{ operator: 'Exists' }],
    volumes: [{ name: 'config', configMap: { name } }],
    containers: [
      {
        name,
        image,
        ports: [{ containerPort: 53, protocol: 'UDP' }],
        resources: { requests: { cpu: '10m', memory: '30Mi' }, limits: { memory: '170Mi' } },
        securityContext: {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'], add: ['NET_BIND_SERVICE'] },
        },
        readinessProbe: { httpGet: { path: '/ready', port: 8181 }, periodSeconds: 2 },
        livenessProbe: { httpGet: { path: '/health', port: 8080 }, initialDelaySeconds: 30 },
        volumeMounts: [{ name: 'config', mountPath: '/etc/coredns', readOnly: true }],
      },
    ],
  };
}
