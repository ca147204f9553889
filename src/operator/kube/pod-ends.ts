import type { V1Pod } from '@kubernetes/client-node';
import { ApiError, isStatus } from './api-error.ts';
import type { Transport } from './transport.ts';

interface Ref {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/** How the API server took the wish to end a pod. */
export type PodEnd =
  | { readonly kind: 'told' }
  | { readonly kind: 'gone' }
  /** By a PodDisruptionBudget, a webhook, or for want of permission: in the server's own words. */
  | { readonly kind: 'held'; readonly why: string };

/** The few requests about pods that are not ours. The uid makes each fail on a pod that has been made anew. */
export class PodEnds {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** undefined: there is none of that name. */
  async get({ namespace, name }: Ref): Promise<V1Pod | undefined> {
    try {
      return (await this.#transport.send({ method: 'GET', verb: 'get', path: pathOf(namespace, name) })) as V1Pod;
    } catch (error) {
      if (isStatus(error, 404)) return undefined;
      throw error;
    }
  }

  /** PodDisruptionBudgets are respected; the pod's own grace period is kept. */
  evict({ namespace, name, uid }: Ref): Promise<PodEnd> {
    const body = {
      apiVersion: 'policy/v1',
      kind: 'Eviction',
      metadata: { namespace, name },
      deleteOptions: { preconditions: { uid } },
    };
    const path = `${pathOf(namespace, name)}/eviction`;
    return told(() => this.#transport.send({ method: 'POST', verb: 'evict', path, body }));
  }

  delete({ namespace, name, uid }: Ref): Promise<PodEnd> {
    const body = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid } };
    return told(() => this.#transport.send({ method: 'DELETE', verb: 'delete', path: pathOf(namespace, name), body }));
  }
}

async function told(send: () => Promise<unknown>): Promise<PodEnd> {
  try {
    await send();
    return { kind: 'told' };
  } catch (error) {
    if (isStatus(error, 404) || isStatus(error, 409)) return { kind: 'gone' };
    if (error instanceof ApiError && isAnswer(error)) return { kind: 'held', why: error.budget ?? error.message };
    throw error;
  }
}

/** About this pod, not about the server's own state. 500 is the answer for a pod with two budgets. */
function isAnswer({ status, budget }: ApiError): boolean {
  return budget !== undefined || status === 400 || status === 403 || status === 422 || status === 500;
}

const pathOf = (namespace: string, name: string): string =>
  `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(name)}`;
