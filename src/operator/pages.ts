import type { Server } from 'node:http';
import type { Clock } from '../clock.ts';
import type { Config } from './config.ts';
import { type DebugSources, debugPage } from './debug.ts';
import { type Pages, servePages, text } from './http.ts';
import type { WatchHealth } from './kube/watch.ts';
import { readiness } from './loop/health.ts';

export interface Shown {
  readonly clock: Clock;
  readonly watches: () => readonly WatchHealth[];
  readonly registry: { readonly contentType: string; metrics(): Promise<string> };
  readonly debug: DebugSources;
}

/** The operator's pages, each group on the address that the configuration gives it. */
export async function serveAll(
  config: Pick<Config, 'healthAddress' | 'metricsAddress' | 'debugAddress'>,
  { clock, watches, registry, debug }: Shown,
): Promise<readonly Server[]> {
  const health: Pages = {
    '/': () => text(200, 'kwasm-operator: /healthz, /readyz\n'),
    '/healthz': () => text(200, 'ok\n'),
    '/readyz': () => {
      const { ready, text: lines } = readiness(watches(), clock.monotonicMs());
      return text(ready ? 200 : 503, lines);
    },
  };
  const metrics: Pages = {
    '/metrics': async () => ({ status: 200, type: registry.contentType, body: await registry.metrics() }),
  };
  const support: Pages = { '/debug/state': (query) => debugPage(debug, query) };
  const wanted = [
    [config.healthAddress, health],
    [config.metricsAddress, metrics],
    [config.debugAddress, support],
  ] as const;
  const servers: Server[] = [];
  try {
    for (const [address, pages] of wanted) if (address !== undefined) servers.push(await servePages(address, pages));
  } catch (error) {
    for (const server of servers) server.close(); // one that answers would keep alive a process that has given up
    throw error;
  }
  return servers;
}
