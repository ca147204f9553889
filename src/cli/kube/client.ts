import { systemClock } from '../../clock.ts';
import { ApiError, isStatus } from '../../operator/kube/api-error.ts';
import type { Credentials } from '../../operator/kube/credentials.ts';
import type { Shape } from '../../operator/kube/protobuf.ts';
import { listOf } from '../../operator/kube/shapes.ts';
import { type ApiRequest, type ProxiedAnswer, type ProxiedRequest, Transport } from '../../operator/kube/transport.ts';
import { CLIENT_VERSION } from '../client-version.ts';
import type { ClusterFlags } from '../cluster-flags.ts';
import { CliError, EXIT } from '../exit.ts';
import { type Access, openAccess } from './access.ts';
import { explain, foreign } from './failure.ts';

const REQUEST_MS_MAX = 30_000;
const FIELD_MANAGER = 'kwasm-cli';
const MERGE_PATCH = 'application/merge-patch+json';
const APPLY_PATCH = 'application/apply-patch+yaml'; // JSON is YAML
/** Pages of a list that is not answered from the watch cache. */
const PAGES_MAX = 200;
/** Of a request that the API server has no time for. */
const ATTEMPTS_MAX = 5;

interface Page<T> {
  readonly metadata?: { readonly continue?: string };
  readonly items?: readonly T[];
}

export interface ListOptions {
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** What is read of each object, in protobuf; left out: JSON, whole. */
  readonly shape?: Shape;
}

/** The requests that commands make. Every failure is a CliError that names what could not be done. */
export class Client {
  readonly transport: Transport;
  /** Which cluster, for people. */
  readonly name: string;
  /** Of the context, where it names one. */
  readonly namespace: string | undefined;
  readonly server: URL;
  readonly credentials: Credentials;
  readonly #dryRun: boolean;

  constructor(transport: Transport, { credentials, name, namespace }: Access, dryRun = false) {
    this.transport = transport;
    this.namespace = namespace;
    this.name = name;
    this.server = credentials.server;
    this.credentials = credentials;
    this.#dryRun = dryRun;
  }

  /** The same connection; the API server checks each write and keeps none. */
  dryRun(): Client {
    return new Client(this.transport, this, true);
  }

  async get<T>(what: string, path: string, query?: Readonly<Record<string, string>>): Promise<T> {
    return (await this.#send(what, {
      method: 'GET',
      verb: 'get',
      path,
      ...(query === undefined ? {} : { query }),
    })) as T;
  }

  /** undefined: there is none. */
  async find<T>(what: string, path: string): Promise<T | undefined> {
    try {
      return await this.get<T>(what, path);
    } catch (error) {
      if (error instanceof CliError && isStatus(error.cause, 404)) return undefined;
      throw error;
    }
  }

  /** From the API server's memory, whole: a moment old at most, and no load for its store. */
  async list<T>(what: string, path: string, options: ListOptions = {}): Promise<readonly T[]> {
    const { shape, ...selectors } = options;
    const page = await this.#page<T>(what, path, { ...selectors, resourceVersion: '0' }, shape);
    return page.items ?? [];
  }

  /** In pages, at most so many objects. `more`: there are others. */
  async listSome<T>(
    what: string,
    path: string,
    max: number,
    options: ListOptions = {},
  ): Promise<{ readonly items: readonly T[]; readonly more: boolean }> {
    const { shape, ...selectors } = options;
    const items: T[] = [];
    let next: string | undefined;
    for (let page = 0; page < PAGES_MAX && items.length < max; page += 1) {
      const limit = String(Math.min(500, max - items.length));
      const query = { ...selectors, limit, ...(next === undefined ? {} : { continue: next }) };
      const answer = await this.#page<T>(what, path, query, shape);
      items.push(...(answer.items ?? []));
      next = answer.metadata?.continue || undefined;
      if (next === undefined) break;
    }
    return { items, more: next !== undefined };
  }

  async create<T>(what: string, path: string, body: object): Promise<T> {
    return (await this.#send(what, { method: 'POST', verb: 'create', path, body, query: this.#write() })) as T;
  }

  /** Changed keys only; null removes. */
  async patch<T>(what: string, path: string, body: object): Promise<T> {
    const call = {
      method: 'PATCH',
      verb: 'patch',
      path,
      body,
      contentType: MERGE_PATCH,
      query: this.#write(),
    } as const;
    return (await this.#send(what, call)) as T;
  }

  /** Server-side apply; what another manager wrote of it is taken over. */
  async apply<T>(what: string, path: string, body: object): Promise<T> {
    const query = { ...this.#write(), force: 'true' };
    const call = { method: 'PATCH', verb: 'apply', path, body, contentType: APPLY_PATCH, query } as const;
    return (await this.#send(what, call)) as T;
  }

  /** `graceSeconds` 0: a pod is forgotten at once, for a kubelet that nobody hears of would never confirm its end. */
  async remove(what: string, path: string, graceSeconds?: number): Promise<void> {
    const grace = graceSeconds === undefined ? {} : { gracePeriodSeconds: graceSeconds };
    const body = { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy: 'Background', ...grace };
    const query = this.#dryRun ? { dryRun: 'All' } : {};
    await this.#send(what, { method: 'DELETE', verb: 'delete', path, body, query });
  }

  /** It stays until all that it owns is gone. */
  async removeWhole(what: string, path: string): Promise<void> {
    const body = { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy: 'Foreground' };
    const query = this.#dryRun ? { dryRun: 'All' } : {};
    await this.#send(what, { method: 'DELETE', verb: 'delete', path, body, query });
  }

  /** Through the API server's proxy: what a pod answers, as it is. */
  async proxied(what: string, call: ProxiedRequest, signal: AbortSignal): Promise<ProxiedAnswer> {
    try {
      return await this.transport.proxied(call, signal);
    } catch (error) {
      throw explain(error, this.name, what);
    }
  }

  /** Text as it comes; ends with the signal, and fails where its time is over: the rest is not known then. */
  async *text(
    what: string,
    path: string,
    query: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): AsyncGenerator<string> {
    try {
      const body = await this.transport.stream({ method: 'GET', verb: 'get', path, query }, signal);
      const decoder = new TextDecoder();
      for await (const chunk of body) yield decoder.decode(chunk, { stream: true });
    } catch (error) {
      if (!signal.aborted) throw explain(error, this.name, what);
      if ((signal.reason as { readonly name?: unknown } | undefined)?.name !== 'TimeoutError') return;
      throw new CliError(`cannot ${what} to its end: it did not come in time`, {
        exitCode: EXIT.timeout,
        cause: error,
      });
    }
  }

  async close(): Promise<void> {
    await this.transport.close();
  }

  async #page<T>(
    what: string,
    path: string,
    query: Readonly<Record<string, string>>,
    shape: Shape | undefined,
  ): Promise<Page<T>> {
    const read = shape === undefined ? {} : { shape: listOf(shape) };
    const page = await this.#send(what, { method: 'GET', verb: 'list', path, query, ...read });
    if (typeof page !== 'object' || page === null) throw foreign(undefined, this.name, what);
    return page as Page<T>;
  }

  #write(): Readonly<Record<string, string>> {
    return { fieldManager: FIELD_MANAGER, ...(this.#dryRun ? { dryRun: 'All' } : {}) };
  }

  async #send(what: string, call: ApiRequest): Promise<unknown> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.transport.send(call);
      } catch (error) {
        if (attempt >= ATTEMPTS_MAX || !isBusy(error)) throw explain(error, this.name, what);
      }
    }
  }
}

/** Nothing was done, and the transport waits as long as it was told before the next one. */
function isBusy(error: unknown): boolean {
  return error instanceof ApiError && error.status === 429 && error.budget === undefined;
}

/** For the time of `use`. */
export async function withClient<T>(flags: ClusterFlags, use: (client: Client) => Promise<T>): Promise<T> {
  const access = openAccess(flags, process.env);
  const { credentials } = access;
  const transport = new Transport({
    credentials,
    clock: systemClock,
    random: Math.random,
    userAgent: `kwasm/${CLIENT_VERSION}`,
    requestMsMax: REQUEST_MS_MAX,
    onRequest: (verb, code) => {
      if (flags.verbose === true) process.stderr.write(`kwasm: ${verb} ${code === 0 ? 'no answer' : `HTTP ${code}`}\n`);
    },
  });
  try {
    return await use(new Client(transport, access));
  } finally {
    await transport.close();
  }
}
