import { Agent } from 'node:http';
import { ask } from '../../../e2e/harness/many-requests.ts';
import { quantile } from '../quantiles.ts';

export interface Load {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Answers that were not 200. */
  readonly failed: number;
}

/** Asks for `seconds`, `at` requests at one time over connections that stay open. */
export async function load(url: string, at: number, seconds: number): Promise<Load> {
  const agent = new Agent({ keepAlive: true, maxSockets: at });
  const times: number[] = [];
  let failed = 0;
  const began = performance.now();
  const worker = async () => {
    while (performance.now() - began < seconds * 1000) {
      const started = performance.now();
      const answer = await ask(url, agent).catch(() => 'failed');
      if (!answer.startsWith('200')) failed += 1;
      else times.push(performance.now() - started);
    }
  };
  await Promise.all(Array.from({ length: at }, worker));
  agent.destroy();
  const took = (performance.now() - began) / 1000;
  return { perSecond: times.length / took, p50Ms: quantile(times, 0.5), p99Ms: quantile(times, 0.99), failed };
}
