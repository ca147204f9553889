import type { Exec } from '../../../e2e/harness/host-state.ts';

/**
 * What the processes of pods and their shims hold beyond files, which the kernel can drop: each process's share of anonymous and shared
 * memory (a Wasm container is a fork of its shim), and its page tables. A pod's cgroup does not tell, for its shim is not in it.
 */
const SCRIPT = `
sum=0
for dir in /proc/[0-9]*; do
  case "$(cat $dir/comm 2>/dev/null) $(cat $dir/cgroup 2>/dev/null)" in
    containerd-shim*|*kubepods*) ;;
    *) continue ;;
  esac
  held=$(cat $dir/smaps_rollup $dir/status 2>/dev/null | awk '/^(Pss_Anon|Pss_Shmem|VmPTE):/ { sum += $2 } END { print sum + 0 }')
  sum=$((sum + held))
done
echo $sum
`;

export async function nodeMemory(exec: Exec): Promise<number> {
  return Number((await exec(['sh', '-c', SCRIPT])).trim()) * 1024;
}
