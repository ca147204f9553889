import type { V1Job, V1Pod } from '@kubernetes/client-node';
import type { Shape } from './protobuf.ts';
import { JOB, listOf, POD } from './shapes.ts';
import type { Transport } from './transport.ts';

interface List<Raw> {
  readonly items?: readonly Raw[];
}

/** As things are now, whatever the watches have told so far: without a version the API server answers from no older state. */
export class Reads {
  readonly #transport: Transport;
  readonly #namespace: string;

  constructor(transport: Transport, namespace: string) {
    this.#transport = transport;
    this.#namespace = namespace;
  }

  async podsOfJob(uid: string): Promise<readonly V1Pod[]> {
    const path = `/api/v1/namespaces/${this.#namespace}/pods`;
    return await this.#list<V1Pod>(path, { labelSelector: `batch.kubernetes.io/controller-uid=${uid}` }, POD);
  }

  /** undefined: there is none of that name. */
  async job(name: string): Promise<V1Job | undefined> {
    const path = `/apis/batch/v1/namespaces/${this.#namespace}/jobs`;
    const [job] = await this.#list<V1Job>(path, { fieldSelector: `metadata.name=${name}` }, JOB);
    return job;
  }

  async #list<Raw>(path: string, query: Readonly<Record<string, string>>, item: Shape): Promise<readonly Raw[]> {
    const call = { method: 'GET', verb: 'list', path, query, shape: listOf(item) } as const;
    const { items = [] } = (await this.#transport.send(call)) as List<Raw>;
    return items;
  }
}
