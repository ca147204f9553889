/**
 * Each node needs cgroups of its own: two kubelets would fight over /kubepods, and runtimes resolve /proc/self/cgroup
 * against /sys/fs/cgroup. On the unified hierarchy nspawn sees to that itself once it starts in a group of its own; on
 * version 1 it passes the host's tree on as it is, so we build a tree of the node's groups and bind it in.
 */
export type CgroupPlan =
  | { readonly kind: 'v1'; readonly hierarchies: readonly Hierarchy[] }
  | { readonly kind: 'v2'; readonly group: string; readonly parent: string };

export interface Hierarchy {
  /** Directory name under /sys/fs/cgroup. */
  readonly name: string;
  /** Other names that programs look it up by: `cpu` for `cpu,cpuacct`. */
  readonly aliases: readonly string[];
  readonly parent: string;
  /** The node's group on the host. */
  readonly group: string;
  /** Where nspawn puts PID 1, for the two hierarchies that it manages; the group itself for the others. */
  readonly root: string;
  /** A new cpuset is empty and takes no process before it has CPUs and memory. */
  readonly copy: readonly string[];
}

export interface CgroupFacts {
  /** /proc/self/cgroup */
  readonly own: string;
  /** /proc/self/mountinfo */
  readonly mounts: string;
}

/** All groups of a cluster carry its name, so that `down` finds them wherever `up` was run. */
export function groupName(cluster: string, node: string): string {
  return `kwasm-cluster.${cluster}.${node}`;
}

export function planCgroups({ own, mounts }: CgroupFacts, group: string): CgroupPlan {
  const mounted = mounts.split('\n').flatMap((line) => parseMount(line));
  const unified = mounted.find(({ type, mountPoint }) => type === 'cgroup2' && mountPoint === '/sys/fs/cgroup');
  // Right below the root, as Docker's cgroupfs driver does it: our own group has processes and so may not have children.
  if (unified !== undefined) return { kind: 'v2', parent: '/sys/fs/cgroup', group: `/sys/fs/cgroup/${group}` };
  const hierarchies = mounted.flatMap((mount) => {
    const path = ownPath(own, mount);
    return path === undefined ? [] : [hierarchy(mount, path, group)];
  });
  return { kind: 'v1', hierarchies };
}

interface CgroupMount {
  readonly type: 'cgroup' | 'cgroup2';
  readonly root: string;
  readonly mountPoint: string;
  /** Controllers of a version 1 hierarchy, or `name=systemd`. */
  readonly options: readonly string[];
}

/** `36 35 0:30 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory`, see proc_pid_mountinfo(5). */
function parseMount(line: string): readonly CgroupMount[] {
  const [before, after] = line.split(' - ');
  const [, , , root, mountPoint] = (before ?? '').split(' ');
  const [type, , options] = (after ?? '').split(' ');
  if ((type !== 'cgroup' && type !== 'cgroup2') || root === undefined || mountPoint === undefined) return [];
  return [{ type, root, mountPoint, options: (options ?? '').split(',') }];
}

function ownPath(own: string, mount: CgroupMount): string | undefined {
  for (const line of own.split('\n')) {
    const match = /^\d+:([^:]*):(.*)$/.exec(line);
    if (match === null) continue;
    const [controllers = '', path = ''] = match.slice(1);
    const names = controllers.split(',');
    const same = mount.type === 'cgroup2' ? controllers === '' : names.every((name) => mount.options.includes(name));
    if (same) return mount.root !== '/' && path.startsWith(mount.root) ? path.slice(mount.root.length) : path;
  }
  return undefined;
}

function hierarchy({ type, mountPoint, options }: CgroupMount, own: string, group: string): Hierarchy {
  const name = mountPoint.slice(mountPoint.lastIndexOf('/') + 1);
  const parent = `${mountPoint}${own === '/' ? '' : own}`;
  const path = `${parent}/${group}`;
  const managed = type === 'cgroup2' || options.includes('name=systemd');
  return {
    name,
    aliases: name.includes(',') ? name.split(',') : [],
    parent,
    group: path,
    root: managed ? `${path}/payload` : path,
    copy: options.includes('cpuset') ? ['cpuset.cpus', 'cpuset.mems'] : [],
  };
}
