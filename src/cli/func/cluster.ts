import { systemClock } from '../../clock.ts';
import type { FunctionCluster } from '../../func/deploy/cluster.ts';
import { apiPath, CONTAINER } from '../../func/deploy/kinds.ts';
import type { ClusterFlags } from '../cluster-flags.ts';
import { CliError, EXIT } from '../exit.ts';
import { type Client, withClient } from '../kube/client.ts';

interface ResourceList {
  readonly resources?: readonly { readonly name?: string }[];
}

const READ_ATTEMPTS_MAX = 4;
const READ_PAUSE_MS = 1_000;
const LOG_MS_MAX = 10_000;

/** The cluster as the work of functions sees it. An API server that is away for a moment, as in an update, ends no wait. */
export function functionCluster(client: Client): FunctionCluster {
  return {
    has: async (kind) => {
      const found = await client.find<ResourceList>(`ask for the kinds of ${kind.group}`, apiPath(kind));
      return found?.resources?.some(({ name }) => name === kind.plural) ?? false;
    },
    get: async (what, path) => {
      for (let attempt = 1; ; attempt += 1) {
        try {
          return await client.find(what, path);
        } catch (error) {
          const away = error instanceof CliError && error.exitCode === EXIT.unreachable;
          if (!away || attempt >= READ_ATTEMPTS_MAX) throw error;
          await systemClock.sleep(READ_PAUSE_MS);
        }
      }
    },
    list: async (what, path, labelSelector) =>
      await client.list(what, path, labelSelector === undefined ? {} : { labelSelector }),
    apply: async (what, path, manifest) => await client.apply(what, path, manifest),
    check: async (what, path, manifest) => {
      await client.dryRun().apply(what, path, manifest);
    },
    remove: async (what, path) => await client.removeWhole(what, path),
    logTail: async (namespace, pod, lines, previous) => {
      const path = `/api/v1/namespaces/${namespace}/pods/${pod}/log`;
      const query = { container: CONTAINER, tailLines: String(lines), ...(previous ? { previous: 'true' } : {}) };
      const parts: string[] = [];
      const signal = AbortSignal.timeout(LOG_MS_MAX);
      for await (const part of client.text(`read the log of pod ${pod}`, path, query, signal)) parts.push(part);
      return parts.join('');
    },
  };
}

/** For the time of `use`. */
export async function withFunctionCluster<T>(
  flags: ClusterFlags,
  use: (cluster: FunctionCluster, client: Client) => Promise<T>,
): Promise<T> {
  return await withClient(flags, async (client) => await use(functionCluster(client), client));
}
