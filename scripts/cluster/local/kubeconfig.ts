import { readFileSync } from 'node:fs';
import type { Pair } from './pki.ts';

export interface Access {
  readonly cluster: string;
  readonly server: string;
  readonly authority: Pair;
  readonly client: Pair;
}

/** A kubeconfig that carries its certificates, so that it can be copied anywhere. JSON is YAML. */
export function kubeconfig({ cluster, server, authority, client }: Access): string {
  const data = (file: string) => readFileSync(file).toString('base64');
  const user = { 'client-certificate-data': data(client.cert), 'client-key-data': data(client.key) };
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: cluster, cluster: { server, 'certificate-authority-data': data(authority.cert) } }],
    users: [{ name: cluster, user }],
    contexts: [{ name: cluster, context: { cluster, user: cluster } }],
    'current-context': cluster,
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}
