import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { cncfArtifact } from './cncf-artifact.ts';
import { http } from './http.ts';

export const WASM = Buffer.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
export const ARTIFACT = cncfArtifact(WASM, 'f');

export interface Seen {
  readonly method: string;
  readonly url: string;
  readonly authorization: string | undefined;
}
export interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: Uint8Array | string;
}

/** Servers on real sockets, on this machine: what they answer is the test's, and what they were asked is kept. */
export class Servers {
  readonly seen: Seen[] = [];
  readonly #servers: Server[] = [];

  /** Its HOST:PORT. Where there is no answer, it is 404. */
  async serve(answer: (path: string, seen: Seen) => Answer | undefined): Promise<string> {
    const server = createServer((request, response) => {
      const one = {
        method: request.method ?? '',
        url: request.url ?? '',
        authorization: request.headers.authorization,
      };
      this.seen.push(one);
      const { status = 200, headers = {}, body = '' } = answer(one.url, one) ?? { status: 404 };
      response.writeHead(status, headers as Record<string, string | string[]>).end(body);
    });
    this.#servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  close(): void {
    for (const server of this.#servers.splice(0)) server.close();
    this.seen.length = 0;
  }
}

/** What a registry answers that has ARTIFACT at fn:v1, and lets everybody in. */
export function openly(path: string): Answer | undefined {
  const { layer, config, manifest } = ARTIFACT;
  if (path === '/v2/') return {};
  if (path === '/v2/fn/manifests/v1' || path.endsWith(manifest.descriptor.digest)) {
    return { headers: { 'content-type': manifest.descriptor.mediaType }, body: manifest.bytes };
  }
  if (path.endsWith(layer.descriptor.digest)) return { body: layer.bytes };
  return path.endsWith(config.descriptor.digest) ? { body: config.bytes } : undefined;
}

/** Requests that are sent again without waiting. */
export const impatient = http({ clock: { nowMs: () => 0, monotonicMs: () => 0, sleep: async () => {} } });
