import type { CgroupPlan, Hierarchy } from './cgroups.ts';

export interface BootPlan {
  readonly machine: string;
  readonly bridge: string;
  /** The node's own directory: upper, work, root, cgroup, containerd, kubelet; and lower, which all nodes share. */
  readonly dir: string;
  /** Programs from the cache: path in the node → path here. */
  readonly programs: Readonly<Record<string, string>>;
  readonly cgroups: CgroupPlan;
}

/**
 * Boots one node. It runs in a mount namespace of its own (unshare --mount), so its overlay and its cgroup tree vanish
 * with it, also when it is killed. The last line replaces the shell, which has already moved into the node's groups.
 */
export function bootScript(plan: BootPlan): string {
  const { dir, cgroups } = plan;
  const [lower, upper, work] = [`${dir}/lower`, `${dir}/upper`, `${dir}/work`];
  return [
    'set -eu',
    ...(cgroups.kind === 'v1' ? enterV1(cgroups.hierarchies, `${dir}/cgroup`) : enterV2(cgroups)),
    // nspawn keeps lock files and a propagation directory per machine here and leaves them behind when it is killed.
    'mkdir -p /run/systemd/nspawn && mount -t tmpfs tmpfs /run/systemd/nspawn',
    `mount -t overlay overlay -o lowerdir=${quote(lower)},upperdir=${quote(upper)},workdir=${quote(work)} ${quote(`${dir}/root`)}`,
    `exec ${nspawn(plan).map(quote).join(' ')}`,
    '',
  ].join('\n');
}

function enterV1(hierarchies: readonly Hierarchy[], tree: string): readonly string[] {
  return [
    `mount -t tmpfs -o mode=755 cgroup ${quote(tree)}`,
    ...hierarchies.flatMap(({ name, aliases, parent, group, root, copy }) => [
      `mkdir -p ${quote(group)}`,
      ...copy.map((file) => `cat ${quote(`${parent}/${file}`)} > ${quote(`${group}/${file}`)}`),
      `echo $$ > ${quote(`${group}/cgroup.procs`)}`,
      `mkdir -p ${quote(root)} ${quote(`${tree}/${name}`)}`,
      `mount --bind ${quote(root)} ${quote(`${tree}/${name}`)}`,
      ...aliases.map((alias) => `ln -s ${quote(name)} ${quote(`${tree}/${alias}`)}`),
    ]),
  ];
}

function enterV2({ parent, group }: { readonly parent: string; readonly group: string }): readonly string[] {
  return [
    `for name in $(cat ${quote(`${parent}/cgroup.controllers`)}); do`,
    // A controller that a version 1 hierarchy or a policy holds stays where it is; the kubelet says what it lacks.
    `  echo "+$name" > ${quote(`${parent}/cgroup.subtree_control`)} || true`,
    'done',
    `mkdir -p ${quote(group)}`,
    `echo $$ > ${quote(`${group}/cgroup.procs`)}`,
  ];
}

function nspawn({ machine, bridge, dir, programs, cgroups }: BootPlan): readonly string[] {
  return [
    'systemd-nspawn',
    '--quiet',
    '--boot',
    `--machine=${machine}`,
    `--directory=${dir}/root`,
    // No systemd needs to run on this machine, and its logind need not know of ours.
    '--register=no',
    '--keep-unit',
    '--link-journal=no',
    '--resolv-conf=off',
    '--timezone=off',
    '--console=read-only',
    // A node runs privileged pods and other people's container runtimes: it has what this machine's root has.
    '--capability=all',
    '--system-call-filter=@known',
    `--network-bridge=${bridge}`,
    '--bind=/dev/kmsg',
    ...(cgroups.kind === 'v1' ? [`--bind=${dir}/cgroup:/sys/fs/cgroup`] : []),
    // overlayfs cannot lie on overlayfs, so what holds containers' layers is a plain directory.
    `--bind=${dir}/containerd:/var/lib/containerd`,
    `--bind=${dir}/kubelet:/var/lib/kubelet`,
    ...Object.entries(programs).map(([inside, here]) => `--bind-ro=${here}:${inside}`),
  ];
}

export function quote(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
