import type { V1Service } from '@kubernetes/client-node';
import { DEMO_NAMESPACE } from './api.ts';
import type { Tools } from './kubectl.ts';

const SERVICE = 'kwasm-demo';
const DIRECT_MS = 3_000;

export interface Answer {
  /** What a person types to get it, too. */
  readonly asked: string;
  readonly body: string;
}

/**
 * GET / through the Service: at its cluster address where this machine has a route to it (the provider `local`), else
 * through the API server, which every cluster allows.
 */
export async function serviceAnswer(tools: Tools): Promise<Answer> {
  const service = JSON.parse(
    await tools.kubectl(['get', 'service', SERVICE, '-n', DEMO_NAMESPACE, '-o', 'json']),
  ) as V1Service;
  const url = `http://${service.spec?.clusterIP}/`;
  const direct = await fetch(url, { signal: AbortSignal.timeout(DIRECT_MS) }).catch(() => undefined);
  if (direct?.status === 200) return { asked: `curl ${url}`, body: await direct.text() };
  const args = ['get', '--raw', `/api/v1/namespaces/${DEMO_NAMESPACE}/services/${SERVICE}:http/proxy/`];
  return { asked: `kubectl ${args.join(' ')}`, body: await tools.kubectl(args) };
}
