import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { TestCluster } from './test-cluster.ts';

const READY_MS = 20_000;

/** `kubectl port-forward` as a person runs it, for the time of `use`, which gets the local address. */
export async function forwarded<T>(
  test: TestCluster,
  target: string,
  namespace: string,
  port: number,
  use: (base: string) => Promise<T>,
): Promise<T> {
  const args = ['--kubeconfig', test.cluster.kubeconfig, '-n', namespace, 'port-forward', target, `:${port}`];
  const child = spawn(test.cluster.kubectl, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  try {
    return await use(`http://127.0.0.1:${await localPort(child.stdout)}`);
  } finally {
    child.kill();
    await ended;
  }
}

async function localPort(stdout: NodeJS.ReadableStream): Promise<number> {
  const timer = AbortSignal.timeout(READY_MS);
  for await (const line of createInterface({ input: stdout, signal: timer })) {
    const port = /Forwarding from 127\.0\.0\.1:(\d+)/.exec(line)?.[1];
    if (port !== undefined) return Number(port);
  }
  throw new Error('kubectl port-forward named no local port');
}
