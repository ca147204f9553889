import type { CgroupDriver } from '../node-spec.ts';
import type { ContainerdMinor } from '../versions.ts';

export interface ContainerdConfig {
  readonly minor: ContainerdMinor;
  readonly cgroupDriver: CgroupDriver;
  readonly pauseImage: string;
}

/**
 * /etc/containerd/config.toml as somebody who sets a node up for Kubernetes writes it for that release: schema 2 for 1.x,
 * schema 3 for 2.x, and from 2.2 on the import of conf.d that containerd's own default configuration carries.
 * restrict_oom_score_adj, because the nodes may live in a container without CAP_SYS_RESOURCE.
 */
export function containerdConfig(config: ContainerdConfig): string {
  return config.minor.startsWith('1.') ? schema2(config) : schema3(config);
}

const HEADER = '# containerd for Kubernetes\n';

function schema2({ cgroupDriver, pauseImage }: ContainerdConfig): string {
  return `${HEADER}version = 2

[plugins]
  [plugins."io.containerd.grpc.v1.cri"]
    sandbox_image = "${pauseImage}"
    restrict_oom_score_adj = true

    [plugins."io.containerd.grpc.v1.cri".cni]
      bin_dir = "/usr/lib/cni"
      conf_dir = "/etc/cni/net.d"

    [plugins."io.containerd.grpc.v1.cri".registry]
      config_path = "/etc/containerd/certs.d"

    [plugins."io.containerd.grpc.v1.cri".containerd]
      default_runtime_name = "runc"

      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
        runtime_type = "io.containerd.runc.v2"

        [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
          SystemdCgroup = ${cgroupDriver === 'systemd'}
`;
}

const CONF_D_SINCE: readonly ContainerdMinor[] = ['2.3', '2.4'];

function schema3({ minor, cgroupDriver, pauseImage }: ContainerdConfig): string {
  const imports = CONF_D_SINCE.includes(minor) ? "imports = ['/etc/containerd/conf.d/*.toml']\n" : '';
  return `${HEADER}version = 3
${imports}
[plugins]
  [plugins.'io.containerd.cri.v1.images']
    [plugins.'io.containerd.cri.v1.images'.pinned_images]
      sandbox = '${pauseImage}'

    [plugins.'io.containerd.cri.v1.images'.registry]
      config_path = '/etc/containerd/certs.d'

  [plugins.'io.containerd.cri.v1.runtime']
    restrict_oom_score_adj = true

    [plugins.'io.containerd.cri.v1.runtime'.cni]
      bin_dirs = ['/usr/lib/cni']
      conf_dir = '/etc/cni/net.d'

    [plugins.'io.containerd.cri.v1.runtime'.containerd]
      default_runtime_name = 'runc'

      [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
        runtime_type = 'io.containerd.runc.v2'

        [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
          SystemdCgroup = ${cgroupDriver === 'systemd'}
`;
}

/** containerd's per-registry file: our registry speaks plain HTTP on the cluster's own bridge. */
export function hostsToml(registry: string): string {
  return `server = "http://${registry}"\n\n[host."http://${registry}"]\n  capabilities = ["pull", "resolve"]\n`;
}
