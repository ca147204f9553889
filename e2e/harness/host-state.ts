/** A node's exec, as the cluster library gives it. */
export type Exec = (argv: readonly string[]) => Promise<string>;

/**
 * Everything an installer may leave behind, as text that two runs can be compared by: each file below the directories
 * that hold configuration, programs and our state, with type, mode, owner and content hash, the units we may have made,
 * and our processes. /run is left out but for transient units: containerd's own files change there all the time;
 * and so is the history of runs, which grows with each as long as something is installed.
 */
const SCRIPT = `
set -eu
cd /
for dir in etc opt usr/local usr/lib/systemd root var/lib/kwasm; do
  [ -e "$dir" ] || continue
  find "$dir" -xdev ! -path var/lib/kwasm/history.jsonl -printf '%p %y %m %U:%G %l\\n'
  # One process for all of them: stories ask again and again until a node is what it was.
  find "$dir" -xdev ! -path var/lib/kwasm/history.jsonl -type f -print0 | xargs -0 -r sha256sum | sed -E 's/^([0-9a-f]{64})  (.*)$/\\2 f \\1/'
done | LC_ALL=C sort
echo '# units'
find run/systemd/transient -name '*kwasm*' 2>/dev/null || true
systemctl list-units --all --plain --no-legend '*kwasm*' || true
echo '# processes'
ps -eo args= | grep -E '/opt/kwasm|/var/lib/kwasm|containerd-shim-wasm' | grep -v -E 'grep|sh -c|ps -eo' || true
echo '# mounts'
grep -c kwasm /proc/mounts || true
`;

export async function hostState(exec: Exec): Promise<readonly string[]> {
  return (await exec(['sh', '-c', SCRIPT])).split('\n');
}

/** Lines that are in one and not in the other, marked - (gone) and + (new). */
export function difference(before: readonly string[], after: readonly string[]): readonly string[] {
  const was = new Set(before);
  const is = new Set(after);
  return [
    ...before.filter((line) => !is.has(line)).map((line) => `- ${line}`),
    ...after.filter((line) => !was.has(line)).map((line) => `+ ${line}`),
  ];
}
