import type { Answer, Api } from './api.ts';
import type { Lease } from './lease.ts';

/** Leases as an API server keeps them: one writer wins, and what does not exist cannot be put. */
export class FakeApi implements Api {
  readonly leases = new Map<string, Lease>();
  /** Requests fail while it is set. */
  down = false;
  requests = 0;
  #version = 0;

  constructor(...names: readonly string[]) {
    for (const name of names) this.put(name, {});
  }

  put(name: string, lease: Lease): Lease {
    this.#version += 1;
    const stored = { ...lease, metadata: { name, resourceVersion: String(this.#version) } };
    this.leases.set(name, stored);
    return stored;
  }

  holder(name: string): string {
    return this.leases.get(name)?.spec?.holderIdentity ?? '';
  }

  async send(method: 'GET' | 'PUT', path: string, body?: object): Promise<Answer> {
    this.requests += 1;
    await new Promise((resolve) => setTimeout(resolve, 1));
    if (this.down) throw new Error('connect ECONNREFUSED');
    const name = path.slice(path.lastIndexOf('/') + 1);
    const found = this.leases.get(name);
    if (found === undefined) return { status: 404, body: { message: `leases "${name}" not found` } };
    if (method === 'GET') return { status: 200, body: structuredClone(found) };
    const sent = structuredClone(body) as Lease;
    if (sent.metadata?.resourceVersion !== found.metadata?.resourceVersion) return { status: 409, body: {} };
    return { status: 200, body: structuredClone(this.put(name, sent)) };
  }
}
