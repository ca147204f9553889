/** How an address inside the cluster is reached from outside: through the API server's proxy to its Service. */
export interface ServiceAddress {
  readonly namespace: string;
  readonly service: string;
  readonly port: string;
}

const INSIDE = /^([a-z0-9](?:[-a-z0-9]*[a-z0-9])?)\.([a-z0-9](?:[-a-z0-9]*[a-z0-9])?)\.svc(?:\.[-a-z0-9.]+)?$/;

/** undefined: the address leads outside, or says nothing to us. */
export function serviceAddress(url: URL): ServiceAddress | undefined {
  const [, service, namespace] = INSIDE.exec(url.hostname) ?? [];
  if (service === undefined || namespace === undefined) return undefined;
  const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port;
  return { namespace, service, port };
}

/** https://kubernetes.io/docs/tasks/access-application-cluster/access-cluster-services/#manually-constructing-apiserver-proxy-urls */
export function proxyPath({ namespace, service, port }: ServiceAddress, path: string): string {
  return `/api/v1/namespaces/${namespace}/services/http:${service}:${port}/proxy${path}`;
}
