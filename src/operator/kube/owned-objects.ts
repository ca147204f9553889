import { isStatus } from './api-error.ts';
import type { Transport } from './transport.ts';

const APPLY_PATCH = 'application/apply-patch+yaml'; // JSON is YAML
const MERGE_PATCH = 'application/merge-patch+json';

/** Kinds that are made for a custom resource, all of them namespaced. */
const COLLECTIONS = {
  Deployment: '/apis/apps/v1/namespaces/NS/deployments',
  Service: '/api/v1/namespaces/NS/services',
  NetworkPolicy: '/apis/networking.k8s.io/v1/namespaces/NS/networkpolicies',
  Ingress: '/apis/networking.k8s.io/v1/namespaces/NS/ingresses',
  HorizontalPodAutoscaler: '/apis/autoscaling/v2/namespaces/NS/horizontalpodautoscalers',
} as const;
export type OwnedKind = keyof typeof COLLECTIONS;

export interface OwnedManifest {
  readonly kind: OwnedKind;
  readonly metadata: { readonly name: string; readonly namespace: string };
}

interface Found {
  readonly metadata?: {
    readonly uid?: string;
    readonly ownerReferences?: readonly Owner[];
  };
}

interface Owner {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly name?: string;
  readonly uid: string;
  readonly controller?: boolean;
}

/** An object of that name is there, and another's. */
export class Foreign extends Error {
  readonly object: string;
  /** What controls it, if anything does. */
  readonly holder: Owner | undefined;
  constructor(kind: OwnedKind, name: string, holder: Owner | undefined) {
    super(`the ${kind} ${name} is somebody else's`);
    this.object = `${kind} ${name}`;
    this.holder = holder;
  }
}

/** Objects of one owner: made, changed and deleted only as long as they are controlled by it. */
export class OwnedObjects {
  readonly #transport: Transport;
  readonly #fieldManager: string;

  constructor(transport: Transport, fieldManager: string) {
    this.#transport = transport;
    this.#fieldManager = fieldManager;
  }

  /** Applied from the first time on: what is left out of a later manifest then goes from the object. Throws Foreign. */
  async ensure(manifest: OwnedManifest, owner: string): Promise<object> {
    const { kind, metadata } = manifest;
    const path = `${collection(manifest)}/${metadata.name}`;
    const found = await this.#find(path);
    if (found !== undefined && !isOwnedBy(found, owner)) throw new Foreign(kind, metadata.name, controllerIn(found));
    const query = { fieldManager: this.#fieldManager, force: 'true' };
    const call = { method: 'PATCH', verb: 'apply', path, query, body: manifest, contentType: APPLY_PATCH } as const;
    return (await this.#transport.send(call)) as object;
  }

  /** Gone already, or another's: both are as good. */
  async remove(kind: OwnedKind, namespace: string, name: string, owner: string): Promise<void> {
    const path = `${collection({ kind, metadata: { name, namespace } })}/${name}`;
    const found = await this.#find(path);
    if (found === undefined || !isOwnedBy(found, owner)) return;
    const body = { kind: 'DeleteOptions', apiVersion: 'v1', preconditions: { uid: found.metadata?.uid } };
    try {
      await this.#transport.send({ method: 'DELETE', verb: 'delete', path, body });
    } catch (error) {
      if (!isStatus(error, 404) && !isStatus(error, 409)) throw error;
    }
  }

  async #find(path: string): Promise<Found | undefined> {
    try {
      return (await this.#transport.send({ method: 'GET', verb: 'get', path })) as Found;
    } catch (error) {
      if (isStatus(error, 404)) return undefined;
      throw error;
    }
  }

  async writeStatus(path: string, status: object): Promise<object> {
    const query = { fieldManager: this.#fieldManager };
    const call = {
      method: 'PATCH',
      verb: 'patch',
      path: `${path}/status`,
      query,
      body: { status },
      contentType: MERGE_PATCH,
    } as const;
    return (await this.#transport.send(call)) as object;
  }
}

function collection({ kind, metadata }: OwnedManifest): string {
  return COLLECTIONS[kind].replace('NS', metadata.namespace);
}

function controllerIn({ metadata }: Found): Owner | undefined {
  return metadata?.ownerReferences?.find(({ controller }) => controller === true);
}

function isOwnedBy(found: Found, owner: string): boolean {
  return controllerIn(found)?.uid === owner;
}
