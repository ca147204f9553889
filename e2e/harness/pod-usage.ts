import type { Exec } from './host-state.ts';

/** What a pod's processes hold, by its cgroup and their entries in /proc; the pause container's among them. */
export interface PodUsage {
  /** Not files, which the kernel takes back when it wants to. */
  readonly anonBytes: number;
  /** What counts against the pod: the cgroup's memory without inactive files. */
  readonly workingSetBytes: number;
  readonly descriptors: number;
  readonly threads: number;
}

/** cgroup version 2, or the memory controller's tree of version 1, whose figures have other names. */
const SCRIPT = `
set -eu
root=/sys/fs/cgroup
[ -d $root/memory ] && root=$root/memory
dir=$(find $root -type d \\( -name "*pod$1" -o -name "*pod$2.slice" \\) | head -n 1)
[ -n "$dir" ] || { echo "no cgroup of pod $1" >&2; exit 1; }
descriptors=0; threads=0
for pid in $(find "$dir" -name cgroup.procs -exec cat {} +); do
  descriptors=$((descriptors + $(ls /proc/$pid/fd | wc -l)))
  threads=$((threads + $(ls /proc/$pid/task | wc -l)))
done
figure() { sed -n "s/^$1 //p" "$dir/memory.stat"; }
if [ -f "$dir/memory.current" ]; then
  echo "$(figure anon) $(($(cat "$dir/memory.current") - $(figure inactive_file))) $descriptors $threads"
else
  echo "$(figure total_rss) $(($(cat "$dir/memory.usage_in_bytes") - $(figure total_inactive_file))) $descriptors $threads"
fi
`;

export async function podUsage(exec: Exec, uid: string): Promise<PodUsage> {
  const printed = await exec(['sh', '-c', SCRIPT, 'sh', uid, uid.replaceAll('-', '_')]);
  const [anonBytes = 0, workingSetBytes = 0, descriptors = 0, threads = 0] = printed.trim().split(' ').map(Number);
  return { anonBytes, workingSetBytes, descriptors, threads };
}
