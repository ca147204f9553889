import type { CoreV1Event, V1Job, V1Node, V1NodeCondition, V1RuntimeClass } from '@kubernetes/client-node';
import { Retryable } from '../../errors.ts';
import { isStatus } from './api-error.ts';
import type { Shape } from './protobuf.ts';
import { JOB, NODE, RUNTIME_CLASS } from './shapes.ts';
import type { Transport } from './transport.ts';

const JSON_PATCH = 'application/json-patch+json';
const MERGE_PATCH = 'application/merge-patch+json';
const APPLY_PATCH = 'application/apply-patch+yaml'; // JSON is YAML

/**
 * A webhook may take 30 s at the most. Cut off before, we would never learn which one keeps a Job out, and the Job might be made after all.
 * https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#timeouts
 */
const ADMISSION_MS_MAX = 33_000;

/** Where Shims are, by whose kind they are. */
const SHIMS = {
  kwasm: '/apis/kwasm.sh/v1alpha1/shims',
  spinkube: '/apis/runtime.spinkube.dev/v1alpha1/shims',
} as const;

/** Every write the operator makes: one request each, nothing read before. They return the object as it is now. */
export class Writes {
  readonly #transport: Transport;
  readonly #fieldManager: string;

  constructor(transport: Transport, fieldManager: string) {
    this.#transport = transport;
    this.#fieldManager = fieldManager;
  }

  async createJob(job: V1Job): Promise<V1Job> {
    const path = `/apis/batch/v1/namespaces/${job.metadata?.namespace}/jobs`;
    const query = { fieldManager: this.#fieldManager };
    const call = {
      method: 'POST',
      verb: 'create',
      path,
      query,
      body: job,
      shape: JOB,
      msMax: ADMISSION_MS_MAX,
    } as const;
    return (await this.#transport.send(call)) as V1Job;
  }

  /** Its pods with it. Gone already, or another Job by now: both are what was wanted. */
  async deleteJob(namespace: string, name: string, uid: string): Promise<void> {
    await this.#delete(`/apis/batch/v1/namespaces/${namespace}/jobs/${name}`, uid, 'Background');
  }

  async deletePod(namespace: string, name: string, uid: string): Promise<void> {
    await this.#delete(`/api/v1/namespaces/${namespace}/pods/${name}`, uid);
  }

  async #delete(path: string, uid: string | undefined, propagationPolicy?: 'Background'): Promise<void> {
    const body = {
      kind: 'DeleteOptions',
      apiVersion: 'v1',
      propagationPolicy,
      ...(uid === undefined ? {} : { preconditions: { uid } }),
    };
    try {
      await this.#transport.send({ method: 'DELETE', verb: 'delete', path, body });
    } catch (error) {
      if (!isStatus(error, 404) && !isStatus(error, 409)) throw error;
    }
  }

  /** Changed keys only; null removes. The uid makes it fail (409) on a node that has been made anew. */
  async markNode(
    name: string,
    uid: string,
    labels: Readonly<Record<string, string | null>>,
    annotations: Readonly<Record<string, string | null>>,
  ): Promise<V1Node> {
    const path = `/api/v1/nodes/${name}`;
    const body = { metadata: { uid, ...ifAny({ labels }), ...ifAny({ annotations }) } };
    const query = { fieldManager: this.#fieldManager };
    const call = { method: 'PATCH', verb: 'patch', path, query, body, contentType: MERGE_PATCH, shape: NODE } as const;
    return (await this.#transport.send(call)) as V1Node;
  }

  /**
   * By server-side apply: the condition is ours alone, and the kubelet's stay (a merge patch would replace the list).
   * undefined takes ours away.
   */
  async applyCondition(name: string, uid: string, condition: V1NodeCondition | undefined): Promise<V1Node> {
    const path = `/api/v1/nodes/${name}/status`;
    const status = condition === undefined ? {} : { conditions: [condition] };
    const body = { apiVersion: 'v1', kind: 'Node', metadata: { name, uid }, status };
    return (await this.#apply(path, body, NODE)) as V1Node;
  }

  /** The list is one value to the API server, so each removal names what it must find at its place; else nothing is done. */
  async removeTaints(
    name: string,
    uid: string,
    taints: readonly { readonly index: number; readonly key: string; readonly effect: string }[],
  ): Promise<V1Node> {
    const path = `/api/v1/nodes/${name}`;
    const body = [
      { op: 'test', path: '/metadata/uid', value: uid },
      ...taints.flatMap(({ index, key, effect }) => [
        { op: 'test', path: `/spec/taints/${index}/key`, value: key },
        { op: 'test', path: `/spec/taints/${index}/effect`, value: effect },
        { op: 'remove', path: `/spec/taints/${index}` },
      ]),
    ];
    const query = { fieldManager: this.#fieldManager };
    const call = { method: 'PATCH', verb: 'patch', path, query, body, contentType: JSON_PATCH } as const;
    try {
      return (await this.#transport.send(call)) as V1Node;
    } catch (error) {
      if (!isStatus(error, 422)) throw error;
      throw new Retryable('the taints have changed since they were read', { cause: error });
    }
  }

  async applyRuntimeClass(manifest: V1RuntimeClass): Promise<V1RuntimeClass> {
    return (await this.#apply(
      `/apis/node.k8s.io/v1/runtimeclasses/${manifest.metadata?.name}`,
      manifest,
      RUNTIME_CLASS,
    )) as V1RuntimeClass;
  }

  /** By its name: who made one of that name anew meanwhile gets it made once more. */
  async deleteRuntimeClass(name: string): Promise<void> {
    await this.#delete(`/apis/node.k8s.io/v1/runtimeclasses/${name}`, undefined);
  }

  async applyShim(manifest: { readonly metadata: { readonly name: string } }): Promise<object> {
    return (await this.#apply(`${SHIMS.kwasm}/${manifest.metadata.name}`, manifest, undefined)) as object;
  }

  async deleteShim(name: string, uid: string): Promise<void> {
    await this.#delete(`${SHIMS.kwasm}/${name}`, uid);
  }

  /** runtime-class-manager's kind has no status subresource: there it is a field like others. */
  async writeShimStatus(origin: keyof typeof SHIMS, name: string, status: object): Promise<object> {
    const path = `${SHIMS[origin]}/${name}${origin === 'kwasm' ? '/status' : ''}`;
    const query = { fieldManager: this.#fieldManager };
    const call = { method: 'PATCH', verb: 'patch', path, query, body: { status }, contentType: MERGE_PATCH } as const;
    return (await this.#transport.send(call)) as object;
  }

  /** The list is one value; what it was is named, so that nobody else's is lost. undefined: the object is gone. */
  async setShimFinalizers(
    origin: keyof typeof SHIMS,
    name: string,
    uid: string,
    before: readonly string[],
    after: readonly string[],
  ): Promise<object | undefined> {
    const path = `${SHIMS[origin]}/${name}`;
    const body = [
      { op: 'test', path: '/metadata/uid', value: uid },
      ...(before.length === 0 ? [] : [{ op: 'test', path: '/metadata/finalizers', value: before }]),
      { op: 'add', path: '/metadata/finalizers', value: after },
    ];
    const query = { fieldManager: this.#fieldManager };
    const call = { method: 'PATCH', verb: 'patch', path, query, body, contentType: JSON_PATCH } as const;
    try {
      return (await this.#transport.send(call)) as object;
    } catch (error) {
      if (isStatus(error, 404)) return undefined;
      if (!isStatus(error, 422)) throw error;
      throw new Retryable('the finalizers have changed since they were read', { cause: error });
    }
  }

  /** One of that name is there: it was written before, and the answer was lost. */
  async createEvent(event: CoreV1Event): Promise<void> {
    const path = `/api/v1/namespaces/${event.metadata.namespace}/events`;
    try {
      await this.#transport.send({ method: 'POST', verb: 'create', path, body: event });
    } catch (error) {
      if (!isStatus(error, 409)) throw error;
    }
  }

  async #apply(path: string, body: object, shape: Shape | undefined): Promise<unknown> {
    const query = { fieldManager: this.#fieldManager, force: 'true' };
    const call = { method: 'PATCH', verb: 'apply', path, query, body, contentType: APPLY_PATCH } as const;
    return await this.#transport.send(shape === undefined ? call : { ...call, shape });
  }
}

function ifAny<Field extends Readonly<Record<string, object>>>(field: Field): Field | Record<string, never> {
  return Object.values(field).some((keys) => Object.keys(keys).length > 0) ? field : {};
}
