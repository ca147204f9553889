import type { StandInMinor } from '../../scripts/cluster/go-tools.ts';
import type { NodeSpec } from '../../scripts/cluster/node-spec.ts';

/** A node whose containerd has a parent: whose behaviour it has, and with which containerd. */
export interface Row extends NodeSpec {
  readonly id: string;
  readonly what: string;
  readonly kind: 'k3s' | 'k0s';
  readonly containerd: StandInMinor;
  /** K3s: whether what it renders imports a directory. */
  readonly imports?: boolean;
  /** Where the change is expected. */
  readonly written: string;
}

const K3S = '/var/lib/rancher/k3s/agent/etc/containerd';

export const ROWS: readonly Row[] = [
  {
    id: 'k3s-2-imports',
    what: 'K3s that renders an import of its directory',
    kind: 'k3s',
    containerd: '2.3',
    cgroupDriver: 'systemd',
    imports: true,
    written: `${K3S}/config-v3.toml.d/kwasm.toml`,
  },
  {
    id: 'k0s-2',
    what: 'k0s whose containerd imports the directory',
    kind: 'k0s',
    containerd: '2.3',
    cgroupDriver: 'cgroupfs',
    written: '/etc/k0s/containerd.d/kwasm.toml',
  },
  {
    id: 'k3s-2-template',
    what: 'K3s that imports nothing',
    kind: 'k3s',
    containerd: '2.3',
    cgroupDriver: 'systemd',
    imports: false,
    written: `${K3S}/config-v3.toml.tmpl`,
  },
  {
    id: 'k3s-1.7',
    what: 'K3s with containerd 1.7',
    kind: 'k3s',
    containerd: '1.7',
    // Not systemd: on cgroup version 1 it takes a boot's first pods out of a hierarchy, and containerd 1.7 ends them at its restart.
    cgroupDriver: 'cgroupfs',
    imports: false,
    written: `${K3S}/config.toml.tmpl`,
  },
  {
    id: 'k0s-1.7',
    what: 'k0s that merges the directory for containerd 1.7',
    kind: 'k0s',
    containerd: '1.7',
    cgroupDriver: 'cgroupfs',
    written: '/etc/k0s/containerd.d/kwasm.toml',
  },
];

export const UNITS = { k3s: 'k3s-agent.service', k0s: 'k0sworker.service' } as const;
export const SOCKETS = { k3s: '/run/k3s/containerd/containerd.sock', k0s: '/run/k0s/containerd.sock' } as const;
