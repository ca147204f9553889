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

const SCRIPT = `
set -eu
dir=$(find /sys/fs/cgroup -type d \\( -name "*pod$1" -o -name "*pod$2.slice" \\) | head -n 1)
[ -n "$dir" ] || { echo "no cgroup of pod $1" >&2; exit 1; }
descriptors=0; threads=0
for pid in $(find "$dir" -name cgroup.procs -exec cat {} +); do
  descriptors=$((descriptors + $(ls /proc/$pid/fd | wc -l)))
  threads=$((threads + $(ls /proc/$pid/task | wc -l)))
done
anon=$(sed -n 's/^anon //p' "$dir/memory.stat")
inactive=$(sed -n 's/^inactive_file //p' "$dir/memory.stat")
echo "$anon $(($(cat "$dir/memory.current") - inactive)) $descriptors $threads"
`;

export async function podUsage(exec: Exec, uid: string): Promise<PodUsage> {
  const printed = await exec(['sh', '-c', SCRIPT, 'sh', uid, uid.replaceAll('-', '_')]);
  const [anonBytes = 0, workingSetBytes = 0, descriptors = 0, threads = 0] = printed.trim().split(' ').map(Number);
  return { anonBytes, workingSetBytes, descriptors, threads };
}
