import type { Exec } from '../../../e2e/harness/host-state.ts';

/**
 * All that pods make the node use beyond files: their cgroups, and containerd's, in which the shims are. Shared pages of programs and
 * compiled code that are files count for nobody, as the kernel can drop them.
 */
const SCRIPT = `
set -eu
sum=0
for dir in $(find /sys/fs/cgroup -maxdepth 3 -type d \\( -name kubepods.slice -o -name kubepods -o -name containerd.service \\)); do
  for field in anon shmem kernel; do
    value=$(sed -n "s/^$field //p" "$dir/memory.stat")
    sum=$((sum + value))
  done
done
echo $sum
`;

export async function nodeMemory(exec: Exec): Promise<number> {
  return Number((await exec(['sh', '-c', SCRIPT])).trim());
}
