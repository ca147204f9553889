import type { RequestOptions } from 'node:https';
import type { ConnectionOptions } from 'node:tls';
import { Terminal } from '../../errors.ts';
import type { Credentials } from './credentials.ts';

/**
 * Off-cluster runs: kubeconfig files with everything client-node understands (exec plugins, OIDC, certificates). The
 * library is loaded only here: it costs 90 MB that an operator in a cluster does not need.
 */
export async function kubeconfigCredentials(file: string | undefined): Promise<Credentials> {
  const { KubeConfig } = await import('@kubernetes/client-node');
  const config = new KubeConfig();
  if (file === undefined) config.loadFromDefault();
  else config.loadFromFile(file);
  const cluster = config.getCurrentCluster();
  const where = file ?? 'the default kubeconfig';
  if (cluster === null) {
    throw new Terminal(`${where} has no current context with a cluster: set one with kubectl config use-context`);
  }
  if (cluster.proxyUrl !== undefined) {
    throw new Terminal(`${where} asks for the proxy ${cluster.proxyUrl}, which the operator does not support`);
  }
  let last: ConnectionOptions = {};
  return {
    server: new URL(cluster.server),
    headers: async () => {
      const { headers } = await apply(config);
      return Object.fromEntries(Object.entries(headers ?? {}).map(([name, value]) => [name, String(value)]));
    },
    tls: async () => {
      const { ca, cert, key, servername, rejectUnauthorized } = await apply(config);
      const options = definedOf({ ca, cert, key, servername, rejectUnauthorized });
      if (JSON.stringify(options) !== JSON.stringify(last)) last = options;
      return last;
    },
    forget: () => {},
  };
}

async function apply(config: { applyToHTTPSOptions(options: RequestOptions): Promise<void> }): Promise<RequestOptions> {
  const options: RequestOptions = { headers: {} };
  await config.applyToHTTPSOptions(options);
  return options;
}

function definedOf(options: { readonly [key in keyof ConnectionOptions]?: unknown }): ConnectionOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as ConnectionOptions;
}
