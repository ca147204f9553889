import type { NodeSpec } from '../node-spec.ts';
import type { Addresses, NodeAddresses } from './addresses.ts';
import { containerdConfig, hostsToml } from './containerd-config.ts';

/** What a node's own layer holds when it boots for the first time, as an administrator would have set it up. */
export interface NodeSetup extends NodeSpec {
  readonly name: string;
  readonly machineId: string;
  readonly addresses: Addresses;
  readonly node: NodeAddresses;
  readonly registry: string;
  readonly pauseImage: string;
  readonly nameServers: string;
  /** Contents, not paths. */
  readonly authority: string;
  readonly servingCert: string;
  readonly servingKey: string;
  readonly kubeletKubeconfig: string;
  readonly proxyKubeconfig: string;
}

export type NodeFile =
  | { readonly kind: 'file'; readonly content: string; readonly mode: number }
  | { readonly kind: 'link'; readonly to: string };

export function nodeFiles(setup: NodeSetup): Readonly<Record<string, NodeFile>> {
  return {
    '/etc/machine-id': file(`${setup.machineId}\n`, 0o444),
    '/etc/hostname': file(`${setup.name}\n`),
    '/etc/hosts': file(`127.0.0.1 localhost\n::1 localhost\n${setup.node.address} ${setup.name}\n`),
    '/etc/resolv.conf': file(setup.nameServers),
    '/etc/systemd/network/10-host0.network': file(network(setup)),
    '/etc/containerd/config.toml': file(containerdConfig({ ...setup, minor: setup.containerd })),
    [`/etc/containerd/certs.d/${setup.registry}/hosts.toml`]: file(hostsToml(setup.registry)),
    '/etc/cni/net.d/10-ptp.conflist': json(podNetwork(setup)),
    '/etc/kubernetes/pki/ca.crt': file(setup.authority),
    '/etc/kubernetes/pki/kubelet.crt': file(setup.servingCert),
    '/etc/kubernetes/pki/kubelet.key': file(setup.servingKey, 0o600),
    '/etc/kubernetes/kubelet.kubeconfig': file(setup.kubeletKubeconfig, 0o600),
    '/etc/kubernetes/kube-proxy.kubeconfig': file(setup.proxyKubeconfig, 0o600),
    '/etc/kubernetes/kubelet.yaml': json(kubeletConfig(setup)),
    '/etc/kubernetes/kube-proxy.yaml': json(kubeProxyConfig(setup)),
    '/usr/local/sbin/kubelet-sysctls': file(SYSCTLS, 0o755),
    '/usr/lib/systemd/system/containerd.service': file(CONTAINERD_UNIT),
    '/usr/lib/systemd/system/kubelet.service': file(kubeletUnit(setup)),
    '/usr/lib/systemd/system/kube-proxy.service': file(KUBE_PROXY_UNIT),
    ...enabled('systemd-networkd', 'containerd', 'kubelet', 'kube-proxy'),
    // Nobody logs in here; and a tty that nspawn does not give is restarted for ever.
    '/etc/systemd/system/console-getty.service': { kind: 'link', to: '/dev/null' },
    // Nothing in a node waits for its network by this unit, and it takes two minutes to give up.
    '/etc/systemd/system/systemd-networkd-wait-online.service': { kind: 'link', to: '/dev/null' },
  };
}

function file(content: string, mode = 0o644): NodeFile {
  return { kind: 'file', content, mode };
}

function json(value: object): NodeFile {
  return file(`${JSON.stringify(value, null, 2)}\n`);
}

function enabled(...units: readonly string[]): Readonly<Record<string, NodeFile>> {
  const wants = '/etc/systemd/system/multi-user.target.wants';
  return Object.fromEntries(
    units.map((unit) => [`${wants}/${unit}.service`, { kind: 'link', to: `/usr/lib/systemd/system/${unit}.service` }]),
  );
}

function network({ addresses, node }: NodeSetup): string {
  return `[Match]
Name=host0

[Network]
Address=${node.address}/${addresses.bridgePrefix}
Gateway=${addresses.bridge}
LinkLocalAddressing=no
IPv6AcceptRA=no
# The container runtime makes interfaces and routes of its own.
KeepConfiguration=static
`;
}

/**
 * Point-to-point links: everything between pods is routed, so a Service's address is translated back also between two
 * pods of one node, without br_netfilter. Sources stay as they are; the host translates what leaves the cluster.
 */
function podNetwork({ node }: NodeSetup): object {
  return {
    cniVersion: '0.4.0',
    name: 'pods',
    plugins: [
      {
        type: 'ptp',
        ipMasq: false,
        ipam: { type: 'host-local', ranges: [[{ subnet: node.pods }]], routes: [{ dst: '0.0.0.0/0' }] },
      },
      { type: 'portmap', capabilities: { portMappings: true } },
    ],
  };
}

function kubeletConfig({ addresses, cgroupDriver }: NodeSetup): object {
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: '/etc/kubernetes/pki/ca.crt' },
    },
    authorization: { mode: 'Webhook' },
    cgroupDriver,
    clusterDNS: [addresses.dns],
    clusterDomain: 'cluster.local',
    containerRuntimeEndpoint: 'unix:///run/containerd/containerd.sock',
    // The swap, the cgroup version and the room on the disk are this machine's: it is not for a node to refuse them.
    failCgroupV1: false,
    failSwapOn: false,
    evictionHard: {
      'memory.available': '0%',
      'nodefs.available': '0%',
      'imagefs.available': '0%',
      'nodefs.inodesFree': '0%',
    },
    imageGCHighThresholdPercent: 100,
    tlsCertFile: '/etc/kubernetes/pki/kubelet.crt',
    tlsPrivateKeyFile: '/etc/kubernetes/pki/kubelet.key',
  };
}

function kubeProxyConfig({ addresses, node }: NodeSetup): object {
  return {
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    mode: 'nftables',
    clientConnection: { kubeconfig: '/etc/kubernetes/kube-proxy.kubeconfig' },
    // What does not come from a pod is masqueraded: so the host's own requests to a Service find their way back.
    clusterCIDR: addresses.pods,
    detectLocalMode: 'ClusterCIDR',
    healthzBindAddress: `${node.address}:10256`,
    // The sysctls of connection tracking belong to this machine.
    conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: '0s', tcpCloseWaitTimeout: '0s' },
  };
}

/**
 * The kubelet insists on these values, which belong to the whole machine's kernel. A node sees the value it wants in
 * their place, rather than changing what a person's computer does in a panic.
 */
const SYSCTLS = `#!/bin/sh
set -eu
mkdir -p /run/kubelet-sysctls
while read -r name value; do
  [ "$(cat "/proc/sys/$name")" = "$value" ] && continue
  file="/run/kubelet-sysctls/$(echo "$name" | tr / .)"
  echo "$value" > "$file"
  mount --bind "$file" "/proc/sys/$name"
done <<END
vm/overcommit_memory 1
vm/panic_on_oom 0
kernel/panic 10
kernel/panic_on_oops 1
kernel/keys/root_maxkeys 1000000
kernel/keys/root_maxbytes 25000000
END
`;

/** As containerd's own unit file has it. */
const CONTAINERD_UNIT = `[Unit]
Description=containerd container runtime
Documentation=https://containerd.io
After=network.target dbus.service

[Service]
ExecStart=/usr/bin/containerd
Type=notify
Delegate=yes
KillMode=process
Restart=always
RestartSec=5
LimitNPROC=infinity
LimitCORE=infinity
TasksMax=infinity
OOMScoreAdjust=-999

[Install]
WantedBy=multi-user.target
`;

function kubeletUnit({ node }: NodeSetup): string {
  return `[Unit]
Description=Kubernetes node agent
Documentation=https://kubernetes.io/docs/
Wants=containerd.service
After=containerd.service

[Service]
ExecStartPre=/usr/local/sbin/kubelet-sysctls
ExecStart=/usr/bin/kubelet --config=/etc/kubernetes/kubelet.yaml --kubeconfig=/etc/kubernetes/kubelet.kubeconfig --node-ip=${node.address}
Restart=always
RestartSec=2
KillMode=process

[Install]
WantedBy=multi-user.target
`;
}

const KUBE_PROXY_UNIT = `[Unit]
Description=Kubernetes Service proxy
Documentation=https://kubernetes.io/docs/
After=network.target

[Service]
ExecStart=/usr/bin/kube-proxy --config=/etc/kubernetes/kube-proxy.yaml
Restart=always
RestartSec=2

[Install]
WantedBy=multi-user.target
`;
