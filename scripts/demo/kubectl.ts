import { command } from '../cluster/command.ts';
import type { Cluster } from '../cluster/provider.ts';

/** The cluster's own kubectl and helm, said aloud as a person would type them. */
export interface Tools {
  kubectl(args: readonly string[]): Promise<string>;
  helm(args: readonly string[]): Promise<string>;
}

const TIMEOUT_MS = 4 * 60_000;

export function toolsOf(cluster: Cluster, say: (line: string) => void, signal: AbortSignal | undefined): Tools {
  const run = (program: string, path: string) => (args: readonly string[]) => {
    say(`  $ ${[program, ...args].map(quoted).join(' ')}`);
    return command(path, ['--kubeconfig', cluster.kubeconfig, ...args], { timeoutMs: TIMEOUT_MS, signal });
  };
  return { kubectl: run('kubectl', cluster.kubectl), helm: run('helm', cluster.helm) };
}

export function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
