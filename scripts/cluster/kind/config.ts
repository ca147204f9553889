import { VERSIONS } from '../versions.ts';

export interface KindConfig {
  readonly name: string;
  readonly nodeCount: number;
  /** Directory on this machine that holds policy.yaml and receives audit.log. */
  readonly auditDir: string;
}

const AUDIT = '/etc/kubernetes/audit';

/**
 * kind's configuration: nodes that all take pods, and an API server whose audit log lies on this machine.
 * See https://kind.sigs.k8s.io/docs/user/auditing/. It is JSON, which is YAML.
 */
export function kindConfig({ name, nodeCount, auditDir }: KindConfig): string {
  const controlPlane = {
    role: 'control-plane',
    extraMounts: [{ hostPath: auditDir, containerPath: AUDIT }],
    kubeadmConfigPatches: [patch(apiServer), patch(untainted)],
  };
  const workers = Array.from({ length: nodeCount - 1 }, () => ({ role: 'worker' }));
  const nodes = [controlPlane, ...workers].map((node) => ({ ...node, image: VERSIONS.kindNode }));
  return `${JSON.stringify({ kind: 'Cluster', apiVersion: 'kind.x-k8s.io/v1alpha4', name, nodes }, null, 2)}\n`;
}

function patch(document: object): string {
  return JSON.stringify(document);
}

/** kubeadm's v1beta4, which kind uses for this node image: extraArgs is a list there. */
const apiServer = {
  kind: 'ClusterConfiguration',
  apiServer: {
    extraArgs: [
      { name: 'audit-policy-file', value: `${AUDIT}/policy.yaml` },
      { name: 'audit-log-path', value: `${AUDIT}/audit.log` },
    ],
    extraVolumes: [
      { name: 'audit', hostPath: AUDIT, mountPath: AUDIT, readOnly: false, pathType: 'DirectoryOrCreate' },
    ],
  },
};

/** With more than one node kind keeps pods off the control plane's. */
const untainted = { kind: 'InitConfiguration', nodeRegistration: { taints: [] } };

/** What the nodes' containerd reads for `localhost:PORT`, see https://kind.sigs.k8s.io/docs/user/local-registry/. */
export function registryHosts(container: string): string {
  return `[host."http://${container}:5000"]\n  capabilities = ["pull", "resolve"]\n`;
}
