import { join } from 'node:path';
import type { Addresses } from './addresses.ts';
import type { Pair } from './pki.ts';

export const PORTS = {
  api: 6443,
  etcd: 2379,
  etcdHealth: 2381,
  controllerManager: 10257,
  scheduler: 10259,
  registry: 5000,
} as const;

/** Files that the programs on the host read; each exists before they start. */
export interface Secrets {
  readonly authority: Pair;
  readonly frontProxyAuthority: Pair;
  readonly frontProxy: Pair;
  readonly etcd: Pair;
  readonly apiServer: Pair;
  readonly kubeletClient: Pair;
  readonly serviceAccounts: Pair;
  readonly controllerManagerConfig: string;
  readonly schedulerConfig: string;
}

export interface ControlPlane {
  readonly dir: string;
  readonly name: string;
  readonly addresses: Addresses;
  readonly secrets: Secrets;
}

export function etcdArgs({ dir, addresses, secrets }: ControlPlane): readonly string[] {
  const client = `https://${addresses.bridge}:${PORTS.etcd}`;
  const peer = `https://${addresses.bridge}:2380`;
  return [
    '--name=etcd',
    `--data-dir=${join(dir, 'etcd')}`,
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=etcd=${peer}`,
    `--listen-metrics-urls=http://${addresses.bridge}:${PORTS.etcdHealth}`,
    `--cert-file=${secrets.etcd.cert}`,
    `--key-file=${secrets.etcd.key}`,
    `--trusted-ca-file=${secrets.authority.cert}`,
    '--client-cert-auth=true',
    `--peer-cert-file=${secrets.etcd.cert}`,
    `--peer-key-file=${secrets.etcd.key}`,
    `--peer-trusted-ca-file=${secrets.authority.cert}`,
    '--peer-client-cert-auth=true',
    '--log-level=warn',
    // A cluster for trying things out: losing the last second on a power cut is a fair price for a quiet disk.
    '--unsafe-no-fsync=true',
  ];
}

export function apiServerArgs({ dir, addresses, secrets }: ControlPlane): readonly string[] {
  return [
    `--bind-address=${addresses.bridge}`,
    `--advertise-address=${addresses.bridge}`,
    `--secure-port=${PORTS.api}`,
    `--service-cluster-ip-range=${addresses.services}`,
    `--etcd-servers=https://${addresses.bridge}:${PORTS.etcd}`,
    `--etcd-cafile=${secrets.authority.cert}`,
    `--etcd-certfile=${secrets.etcd.cert}`,
    `--etcd-keyfile=${secrets.etcd.key}`,
    `--tls-cert-file=${secrets.apiServer.cert}`,
    `--tls-private-key-file=${secrets.apiServer.key}`,
    `--client-ca-file=${secrets.authority.cert}`,
    `--service-account-key-file=${secrets.serviceAccounts.cert}`,
    `--service-account-signing-key-file=${secrets.serviceAccounts.key}`,
    '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
    '--authorization-mode=Node,RBAC',
    '--enable-admission-plugins=NodeRestriction',
    '--allow-privileged=true',
    `--kubelet-certificate-authority=${secrets.authority.cert}`,
    `--kubelet-client-certificate=${secrets.kubeletClient.cert}`,
    `--kubelet-client-key=${secrets.kubeletClient.key}`,
    // Node names are in nobody's DNS.
    '--kubelet-preferred-address-types=InternalIP',
    `--requestheader-client-ca-file=${secrets.frontProxyAuthority.cert}`,
    '--requestheader-allowed-names=front-proxy-client',
    '--requestheader-username-headers=X-Remote-User',
    '--requestheader-group-headers=X-Remote-Group',
    '--requestheader-extra-headers-prefix=X-Remote-Extra-',
    `--proxy-client-cert-file=${secrets.frontProxy.cert}`,
    `--proxy-client-key-file=${secrets.frontProxy.key}`,
    `--audit-policy-file=${join(dir, 'audit-policy.yaml')}`,
    `--audit-log-path=${auditLog(dir)}`,
    '--audit-log-maxsize=200',
    '--audit-log-maxbackup=2',
    '--profiling=false',
  ];
}

export function auditLog(dir: string): string {
  return join(dir, 'logs', 'audit.log');
}

/** Who did what to which object, without the bodies; one line when the answer is out. */
export const AUDIT_POLICY = `${JSON.stringify(
  { apiVersion: 'audit.k8s.io/v1', kind: 'Policy', omitStages: ['RequestReceived'], rules: [{ level: 'Metadata' }] },
  null,
  2,
)}\n`;

export function controllerManagerArgs({ name, addresses, secrets }: ControlPlane): readonly string[] {
  return [
    ...component(addresses, secrets.controllerManagerConfig, PORTS.controllerManager),
    `--cluster-name=${name}`,
    `--cluster-cidr=${addresses.pods}`,
    `--service-cluster-ip-range=${addresses.services}`,
    `--root-ca-file=${secrets.authority.cert}`,
    `--client-ca-file=${secrets.authority.cert}`,
    `--cluster-signing-cert-file=${secrets.authority.cert}`,
    `--cluster-signing-key-file=${secrets.authority.key}`,
    `--service-account-private-key-file=${secrets.serviceAccounts.key}`,
    '--use-service-account-credentials=true',
    // A node's pod range follows from its place in the cluster, so that it survives a deleted Node object.
    '--allocate-node-cidrs=false',
  ];
}

export function schedulerArgs({ addresses, secrets }: ControlPlane): readonly string[] {
  return component(addresses, secrets.schedulerConfig, PORTS.scheduler);
}

function component(addresses: Addresses, config: string, port: number): readonly string[] {
  return [
    `--kubeconfig=${config}`,
    `--authentication-kubeconfig=${config}`,
    `--authorization-kubeconfig=${config}`,
    `--bind-address=${addresses.bridge}`,
    `--secure-port=${port}`,
    // There is only one of each; an election would cost it 15 s after a restart.
    '--leader-elect=false',
    '--profiling=false',
  ];
}
