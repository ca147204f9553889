import { readFileSync } from 'node:fs';
import { Agent, request } from 'undici';
import { Terminal } from '../../src/errors.ts';

export interface ClientFiles {
  readonly authority: string;
  readonly cert: string;
  readonly key: string;
}

export interface Change {
  readonly method: 'POST' | 'PATCH' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly body?: unknown;
  readonly contentType?: string;
}

const CONNECTIONS = 24;

/** An administrator's own client, apart from the operator's: what is measured must not measure itself. */
export class Api {
  readonly #server: URL;
  readonly #agent: Agent;

  constructor(server: URL, { authority, cert, key }: ClientFiles) {
    this.#server = server;
    const connect = { ca: readFileSync(authority), cert: readFileSync(cert), key: readFileSync(key) };
    this.#agent = new Agent({
      connect,
      allowH2: false,
      connections: CONNECTIONS,
      bodyTimeout: 0,
      headersTimeout: 60_000,
    });
  }

  async get<T>(path: string, accept = 'application/json'): Promise<T> {
    const answer = await request(new URL(path, this.#server), { dispatcher: this.#agent, headers: { accept } });
    const text = await answer.body.text();
    if (answer.statusCode !== 200) throw new Terminal(`GET ${path}: ${answer.statusCode} ${text.slice(0, 300)}`);
    return JSON.parse(text) as T;
  }

  /** The answer's code; what it says is read only when it is not wanted. */
  async change({ method, path, body, contentType = 'application/json' }: Change): Promise<void> {
    const answer = await request(new URL(path, this.#server), {
      dispatcher: this.#agent,
      method,
      headers: {
        accept: 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1, application/json',
        'content-type': contentType,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (answer.statusCode < 300) return void (await answer.body.dump());
    const text = await answer.body.text();
    throw new Terminal(`${method} ${path}: ${answer.statusCode} ${text.slice(0, 300)}`);
  }

  /** The answer of a request whose answer is the point. */
  async ask<T>(path: string, body: unknown): Promise<T> {
    const answer = await request(new URL(path, this.#server), {
      dispatcher: this.#agent,
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    return (await answer.body.json()) as T;
  }

  async *lines(path: string, accept: string, signal: AbortSignal): AsyncGenerator<string> {
    const answer = await request(new URL(path, this.#server), {
      dispatcher: this.#agent,
      headers: { accept },
      signal,
    });
    let rest = '';
    const decoder = new TextDecoder();
    for await (const chunk of answer.body as AsyncIterable<Buffer>) {
      const parts = (rest + decoder.decode(chunk, { stream: true })).split('\n');
      rest = parts.pop() ?? '';
      yield* parts.filter((line) => line !== '');
    }
  }

  async ready(): Promise<boolean> {
    try {
      const answer = await request(new URL('/readyz', this.#server), {
        dispatcher: this.#agent,
        headersTimeout: 2_000,
      });
      await answer.body.dump();
      return answer.statusCode === 200;
    } catch {
      return false;
    }
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }
}

/** At most so many at one time, in order; the first that fails ends it. */
export async function inParallel<T>(
  items: readonly T[],
  workers: number,
  work: (item: T, index: number) => Promise<void>,
): Promise<void> {
  const queue = items.entries();
  await Promise.all(
    Array.from({ length: workers }, async () => {
      for (const [index, item] of queue) await work(item, index);
    }),
  );
}
