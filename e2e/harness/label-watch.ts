import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { TestCluster } from './test-cluster.ts';

/** Every state of a node's labels that the API server tells a watch: a label that was off for a moment is seen. */
export function watchLabels(test: TestCluster, node: string): { stop(): Promise<readonly Record<string, string>[]> } {
  const output = 'jsonpath={.metadata.labels}{"\\n"}';
  const args = ['--kubeconfig', test.cluster.kubeconfig, 'get', 'node', node, '--watch', '-o', output];
  const child = spawn(test.cluster.kubectl, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  const states: Record<string, string>[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (line !== '') states.push(JSON.parse(line) as Record<string, string>);
  });
  return {
    async stop() {
      child.kill();
      await ended;
      return states;
    },
  };
}
