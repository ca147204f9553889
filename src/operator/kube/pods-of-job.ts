import type { V1Pod } from '@kubernetes/client-node';
import { listOf, POD } from './shapes.ts';
import type { Transport } from './transport.ts';

interface Pods {
  readonly items?: readonly V1Pod[];
}

/** As they are now, whatever the watch has told so far: without a version the API server answers from no older state. */
export async function podsOfJob(transport: Transport, namespace: string, uid: string): Promise<readonly V1Pod[]> {
  const path = `/api/v1/namespaces/${namespace}/pods`;
  const query = { labelSelector: `batch.kubernetes.io/controller-uid=${uid}` };
  const { items = [] } = (await transport.send({
    method: 'GET',
    verb: 'list',
    path,
    query,
    shape: listOf(POD),
  })) as Pods;
  return items;
}
