import { chmodSync, copyFileSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { standIn, toolDir } from '../../scripts/cluster/go-tools.ts';
import { type Row, SOCKETS, UNITS } from './rows.ts';

/** A node's shell, and its file system as this machine sees it. */
export interface Machine {
  readonly address: string;
  readonly root: string;
  sh(script: string, input?: string): Promise<string>;
}

const DATA = '/var/lib/rancher/k3s/data';
const RELEASE = 'a1b2c3d4e5f60718293a4b5c6d7e8f90';

/** At its next boot a node of the local provider has a stand-in, set up as its installer would, for containerd and the kubelet. */
export async function become(machine: Machine, row: Row): Promise<void> {
  await machine.sh('systemctl disable kubelet containerd 2>&1');
  await (row.kind === 'k3s' ? becomeK3s(machine, row) : becomeK0s(machine, row));
  await machine.sh(`systemctl enable ${UNITS[row.kind]} 2>&1`);
}

async function becomeK3s(machine: Machine, row: Row): Promise<void> {
  const bin = `${DATA}/${RELEASE}/bin`;
  program(machine, row, '/usr/local/bin/k3s');
  program(machine, row, `${bin}/k3s`);
  await machine.sh(`cd ${bin}
    ln -sf k3s k3s-agent && ln -sf k3s containerd && ln -sfn ${RELEASE} ${DATA}/current
    cp /usr/bin/containerd-shim-runc-v2 . && cp /usr/bin/kubelet k3s-kubelet
    mkdir -p /var/lib/rancher/k3s/agent/etc/containerd`);
  await realFileSystem(machine, '/var/lib/rancher/k3s/agent/containerd');
  await setUp(machine, row, 'k3s-kubelet', { IMPORTS: row.imports === true ? 'yes' : 'no' });
  await write(machine, `/etc/systemd/system/${UNITS.k3s}`, k3sUnit);
}

async function becomeK0s(machine: Machine, row: Row): Promise<void> {
  program(machine, row, '/usr/local/bin/k0s');
  await machine.sh(`mkdir -p /var/lib/k0s/bin /run/k0s /etc/k0s/containerd.d
    cp /usr/bin/containerd /usr/bin/containerd-shim-runc-v2 /usr/bin/kubelet /usr/sbin/runc /var/lib/k0s/bin/`);
  await realFileSystem(machine, '/var/lib/k0s/containerd');
  await setUp(machine, row, '/var/lib/k0s/bin/kubelet', {});
  await write(machine, '/etc/k0s/containerd.d/node.toml', row.containerd.startsWith('1.') ? NODE_V2 : NODE_V3);
  await write(machine, `/etc/systemd/system/${UNITS.k0s}`, k0sUnit);
}

/** Into the node's disk, past its exec, which takes text. */
function program({ root }: Machine, { containerd }: Row, path: string): void {
  const target = join(root, path);
  mkdirSync(dirname(target), { recursive: true });
  copyFileSync(join(toolDir(standIn(containerd)), 'stand-in'), target);
  chmodSync(target, 0o755);
}

/** The node's own disk is an overlay, on which no other can lie. */
async function realFileSystem({ sh }: Machine, path: string): Promise<void> {
  const unit = `${path.slice(1).replaceAll('-', '\\x2d').replaceAll('/', '-')}.mount`;
  const what = `/var/lib/containerd/${path.replaceAll('/', '_')}`;
  await sh(
    `mkdir -p ${what} ${path} && cat >'/etc/systemd/system/${unit}' && systemctl enable '${unit}' 2>&1`,
    `[Mount]\nWhat=${what}\nWhere=${path}\nOptions=bind\n\n[Install]\nWantedBy=local-fs.target\n`,
  );
}

async function setUp(
  machine: Machine,
  { kind, cgroupDriver }: Row,
  kubelet: string,
  more: Readonly<Record<string, string>>,
): Promise<void> {
  const config = '/etc/kubernetes/stand-in.yaml';
  await machine.sh(
    `sed 's#unix:///run/containerd/containerd.sock#unix://${SOCKETS[kind]}#' /etc/kubernetes/kubelet.yaml >${config}`,
  );
  const pauseImage = await machine.sh(
    `sed -nE "s/.*sandbox(_image)? = ['\\"](.*)['\\"]/\\2/p" /etc/containerd/config.toml`,
  );
  const settings = {
    PAUSE_IMAGE: pauseImage,
    CGROUP_DRIVER: cgroupDriver,
    KUBELET: `${kubelet} --config=${config} --kubeconfig=/etc/kubernetes/kubelet.kubeconfig --node-ip=${machine.address}`,
    ...more,
  };
  const lines = Object.entries(settings).map(([name, value]) => `STAND_IN_${name}="${value}"\n`);
  await write(machine, `/etc/systemd/system/${UNITS[kind]}.env`, lines.join(''));
}

async function write({ sh }: Machine, path: string, text: string): Promise<void> {
  await sh(`mkdir -p ${dirname(path)} && cat >${path}`, text);
}

const k3sUnit = `[Unit]
Description=Stand-in for K3s
After=network-online.target local-fs.target

[Service]
Type=exec
EnvironmentFile=-/etc/systemd/system/%N.service.env
KillMode=process
Delegate=yes
User=root
LimitNOFILE=1048576
TasksMax=infinity
TimeoutStartSec=0
Restart=always
RestartSec=5s
ExecStartPre=/usr/local/sbin/kubelet-sysctls
ExecStart=/usr/local/bin/k3s agent

[Install]
WantedBy=multi-user.target
`;

const k0sUnit = `[Unit]
Description=Stand-in for k0s
After=network-online.target local-fs.target

[Service]
StartLimitInterval=5
StartLimitBurst=10
EnvironmentFile=-/etc/systemd/system/%N.service.env
RuntimeDirectory=k0s
RuntimeDirectoryPreserve=yes
ExecStartPre=/usr/local/sbin/kubelet-sysctls
ExecStart=/usr/local/bin/k0s worker
RestartSec=10
Delegate=yes
KillMode=process
TasksMax=infinity
TimeoutStartSec=0
LimitNOFILE=999999
Restart=always

[Install]
WantedBy=multi-user.target
`;

/** What an administrator adds for this machine; k0s' own defaults know nothing of it. */
const NODE_V3 = `[plugins."io.containerd.cri.v1.runtime"]
  restrict_oom_score_adj = true
[plugins."io.containerd.cri.v1.runtime".cni]
  bin_dirs = ["/usr/lib/cni"]
  conf_dir = "/etc/cni/net.d"
[plugins."io.containerd.cri.v1.images".registry]
  config_path = "/etc/containerd/certs.d"
`;
const NODE_V2 = `version = 2
[plugins."io.containerd.grpc.v1.cri"]
  restrict_oom_score_adj = true
[plugins."io.containerd.grpc.v1.cri".cni]
  bin_dir = "/usr/lib/cni"
  conf_dir = "/etc/cni/net.d"
[plugins."io.containerd.grpc.v1.cri".registry]
  config_path = "/etc/containerd/certs.d"
`;
