import { join } from 'node:path';
import { command } from '../command.ts';

/** The cluster's own kubectl with every right; its discovery cache stays with the cluster. */
export function kubectl(dir: string, args: readonly string[], input?: string): Promise<string> {
  const own = ['--kubeconfig', join(dir, 'kubeconfig'), '--cache-dir', join(dir, 'kubectl-cache'), ...args];
  return command(join(dir, 'bin', 'kubectl'), own, input === undefined ? {} : { input });
}
