import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ConnectionOptions } from 'node:tls';
import type { Clock } from '../../clock.ts';

/** Where the API server is and how to speak to it. All asked anew for each request or connection: they rotate. */
export interface Credentials {
  readonly server: URL;
  headers(): Promise<Readonly<Record<string, string>>>;
  /** The same object as long as nothing changed, so that TLS sessions can be resumed. */
  tls(): Promise<ConnectionOptions>;
  /** After a 401: do not answer from memory. */
  forget(): void;
}

export const SERVICE_ACCOUNT_DIR = '/var/run/secrets/kubernetes.io/serviceaccount';

/** The kubelet rotates tokens well before they expire; a minute is what client-go allows itself. */
const REREAD_MS = 60_000;

/** From the pod's projected volume. client-node reads these files synchronously, in the middle of a request. */
export class InClusterCredentials implements Credentials {
  readonly server: URL;
  readonly #dir: string;
  readonly #clock: Clock;
  #token: { readonly text: string; readonly readMs: number } | undefined;
  #tls: { readonly options: ConnectionOptions; readonly readMs: number } | undefined;

  constructor(server: URL, clock: Clock, dir: string = SERVICE_ACCOUNT_DIR) {
    this.server = server;
    this.#clock = clock;
    this.#dir = dir;
  }

  async headers(): Promise<Readonly<Record<string, string>>> {
    const nowMs = this.#clock.monotonicMs();
    if (this.#token === undefined || nowMs - this.#token.readMs > REREAD_MS) {
      const text = (await readFile(join(this.#dir, 'token'), 'utf8')).trim();
      this.#token = { text, readMs: nowMs };
    }
    return { authorization: `Bearer ${this.#token.text}` };
  }

  async tls(): Promise<ConnectionOptions> {
    const nowMs = this.#clock.monotonicMs();
    if (this.#tls === undefined || nowMs - this.#tls.readMs > REREAD_MS) {
      const ca = await readFile(join(this.#dir, 'ca.crt'), 'utf8');
      const options = this.#tls?.options.ca === ca ? this.#tls.options : { ca };
      this.#tls = { options, readMs: nowMs };
    }
    return this.#tls.options;
  }

  forget(): void {
    this.#token = undefined;
  }
}

/** KUBERNETES_SERVICE_HOST may be an IPv6 address, which a URL wants in brackets. */
export function inClusterServer(host: string, port: string): URL {
  return new URL(`https://${host.includes(':') ? `[${host}]` : host}:${port}`);
}
