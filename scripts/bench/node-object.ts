import { createHash } from 'node:crypto';
import type { V1Node } from '@kubernetes/client-node';

/**
 * A node as a cloud's kubelet reports it: 50 images, two names each, five conditions, the labels and annotations of the
 * usual agents. With the managed fields that the API server adds it is stored and sent as 12 to 16 kB of JSON.
 */
export function nodeObject(index: number, createdAt: string): V1Node {
  const name = nodeName(index);
  const zone = `eu-central-1${'abc'[index % 3]}`;
  const address = `10.${64 + (index >> 16)}.${(index >> 8) & 255}.${index & 255}`;
  return JSON.parse(
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name, labels: labelsOf(name, zone), annotations: annotationsOf(name, address) },
      spec: {
        podCIDR: '100.64.0.0/24',
        podCIDRs: ['100.64.0.0/24'],
        providerID: `aws:///${zone}/i-${hex(name, 17)}`,
      },
      status: {
        addresses: [
          { type: 'InternalIP', address },
          { type: 'Hostname', address: name },
          { type: 'InternalDNS', address: name },
        ],
        capacity: amounts('8', '32562144Ki', '104845292Ki'),
        allocatable: amounts('7910m', '31545312Ki', '95551679124'),
        conditions: conditionsOf(createdAt),
        daemonEndpoints: { kubeletEndpoint: { Port: 10250 } },
        images: Array.from({ length: 50 }, (_, image) => imageOf(image)),
        nodeInfo: {
          architecture: 'amd64',
          bootID: uuid(`${name}/boot`),
          containerRuntimeVersion: 'containerd://2.1.5',
          kernelVersion: '6.12.46-66.121.amzn2023.x86_64',
          kubeProxyVersion: '',
          kubeletVersion: 'v1.36.3',
          machineID: hex(name, 32),
          operatingSystem: 'linux',
          osImage: 'Amazon Linux 2023.9.20261014',
          systemUUID: uuid(`${name}/system`),
        },
        runtimeHandlers: [
          { name: '', features: { recursiveReadOnlyMounts: true, userNamespaces: true } },
          { name: 'runc', features: { recursiveReadOnlyMounts: true, userNamespaces: true } },
        ],
      },
    }),
  );
}

export function nodeName(index: number): string {
  return `ip-10-${64 + (index >> 16)}-${(index >> 8) & 255}-${index & 255}.eu-central-1.compute.internal`;
}

function labelsOf(name: string, zone: string): Record<string, string> {
  return {
    'beta.kubernetes.io/arch': 'amd64',
    'beta.kubernetes.io/instance-type': 'm6i.2xlarge',
    'beta.kubernetes.io/os': 'linux',
    'eks.amazonaws.com/capacityType': 'ON_DEMAND',
    'eks.amazonaws.com/nodegroup': 'general-purpose-2026-10',
    'eks.amazonaws.com/nodegroup-image': 'ami-0c1bc246476a5572b',
    'eks.amazonaws.com/sourceLaunchTemplateId': 'lt-0a1b2c3d4e5f60718',
    'eks.amazonaws.com/sourceLaunchTemplateVersion': '7',
    'failure-domain.beta.kubernetes.io/region': 'eu-central-1',
    'failure-domain.beta.kubernetes.io/zone': zone,
    'k8s.io/cloud-provider-aws': hex('cluster', 32),
    'kubernetes.io/arch': 'amd64',
    'kubernetes.io/hostname': name,
    'kubernetes.io/os': 'linux',
    'node.kubernetes.io/instance-type': 'm6i.2xlarge',
    'team.example.com/cost-center': 'platform',
    'topology.ebs.csi.aws.com/zone': zone,
    'topology.k8s.aws/zone-id': 'euc1-az2',
    'topology.kubernetes.io/region': 'eu-central-1',
    'topology.kubernetes.io/zone': zone,
  };
}

function annotationsOf(name: string, address: string): Record<string, string> {
  return {
    'alpha.kubernetes.io/provided-node-ip': address,
    'csi.volume.kubernetes.io/nodeid': `{"ebs.csi.aws.com":"i-${hex(name, 17)}","efs.csi.aws.com":"i-${hex(name, 17)}"}`,
    'node.alpha.kubernetes.io/ttl': '300',
    'projectcalico.org/IPv4Address': `${address}/19`,
    'projectcalico.org/IPv4IPIPTunnelAddr': '100.64.0.1',
    'volumes.kubernetes.io/controller-managed-attach-detach': 'true',
  };
}

function amounts(cpu: string, memory: string, storage: string): Record<string, string> {
  return {
    cpu,
    memory,
    'ephemeral-storage': storage,
    'hugepages-1Gi': '0',
    'hugepages-2Mi': '0',
    pods: '58',
  };
}

const CONDITIONS = [
  ['MemoryPressure', 'False', 'KubeletHasSufficientMemory', 'kubelet has sufficient memory available'],
  ['DiskPressure', 'False', 'KubeletHasNoDiskPressure', 'kubelet has no disk pressure'],
  ['PIDPressure', 'False', 'KubeletHasSufficientPID', 'kubelet has sufficient PID available'],
  ['Ready', 'True', 'KubeletReady', 'kubelet is posting ready status'],
  ['NetworkUnavailable', 'False', 'CalicoIsUp', 'Calico is running on this node'],
] as const;

/** `heartbeat`: the time that a kubelet writes anew, and nothing else. */
export function conditionsOf(heartbeat: string, since: string = heartbeat): readonly object[] {
  return CONDITIONS.map(([type, status, reason, message]) => ({
    type,
    status,
    reason,
    message,
    lastHeartbeatTime: heartbeat,
    lastTransitionTime: since,
  }));
}

function imageOf(index: number): object {
  const repository = `registry.example.com/team-${index % 7}/service-${index}`;
  const names = [`${repository}@sha256:${hex(repository, 64)}`, `${repository}:v1.${index}.3`];
  return { names, sizeBytes: 40_000_000 + index * 1_234_567 };
}

function hex(seed: string, length: number): string {
  return createHash('sha256').update(seed).digest('hex').slice(0, length);
}

function uuid(seed: string): string {
  const digits = hex(seed, 32);
  return [8, 4, 4, 4, 12].reduce(
    ({ text, from }, length) => ({
      text: `${text}${text && '-'}${digits.slice(from, from + length)}`,
      from: from + length,
    }),
    { text: '', from: 0 },
  ).text;
}
