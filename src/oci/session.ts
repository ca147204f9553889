import { Terminal } from '../errors.ts';
import { type Access, authorize, parseChallenge } from './authorization.ts';
import type { Credentials } from './docker-config.ts';
import type { Endpoint } from './endpoint.ts';
import type { Http, HttpAnswer, HttpCall } from './http.ts';
import { REDIRECTS_MAX, sentOn } from './redirect.ts';
import { RegistryError, registryError } from './registry-error.ts';

export interface SessionOptions {
  readonly endpoint: Endpoint;
  readonly access: Access;
  readonly credentials: Credentials;
  readonly http: Http;
}

export interface Ask extends Omit<HttpCall, 'url' | 'deadlineMs'> {
  /** Below /v2/REPOSITORY/, or an address that the registry gave. */
  readonly to: string | URL;
  readonly deadlineMs?: number;
}

const REQUEST_MS_MAX = 60_000;
const PING_BYTES_MAX = 64 * 1024;

/** One repository, spoken to with one authorization, which never leaves the registry's own address. */
export class Session {
  readonly #options: SessionOptions;
  #ready: Promise<void> | undefined;
  #authorization: string | undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  get endpoint(): Endpoint {
    return this.#options.endpoint;
  }

  /** For messages, and for what the registry answers with a path alone. */
  url(to: string | URL): URL {
    const { origin, repository } = this.#options.endpoint;
    return to instanceof URL ? to : new URL(`/v2/${repository}/${to}`, origin);
  }

  async ask(call: Ask, signal?: AbortSignal): Promise<HttpAnswer> {
    this.#ready ??= this.#ping(signal);
    await this.#ready;
    const answer = await this.#follow(call, signal);
    // A token's time may be over, or the registry asks for more at a repository than it did at the door.
    if (answer.status !== 401 || !(await this.#answerChallenge(answer, signal))) return answer;
    return this.#follow(call, signal);
  }

  refuse(answer: HttpAnswer, what: string): RegistryError {
    const { registry, repository } = this.#options.endpoint;
    const body = answer.body.toString('utf8');
    return registryError({ status: answer.status, body, what: `${what} ${registry}/${repository}`, registry });
  }

  /** The door: tells how to log in, and whether this is a registry at all. */
  async #ping(signal: AbortSignal | undefined): Promise<void> {
    const { origin, registry } = this.#options.endpoint;
    const url = new URL('/v2/', origin);
    const bounds = { bytesMax: PING_BYTES_MAX, deadlineMs: REQUEST_MS_MAX };
    const answer = await this.#options.http({ method: 'GET', url, ...bounds }, signal);
    if (answer.status === 401) await this.#answerChallenge(answer, signal);
    else if (answer.status === 404)
      throw new RegistryError(`${registry} is not a registry: ${url.href} is not there`, answer.status, undefined);
  }

  async #answerChallenge({ headers }: HttpAnswer, signal: AbortSignal | undefined): Promise<boolean> {
    const challenge = parseChallenge(headers['www-authenticate'] ?? '');
    if (challenge === undefined) return false;
    const { endpoint, access, credentials, http } = this.#options;
    const earlier = this.#authorization;
    this.#authorization = await authorize({ ...endpoint, access, challenge }, credentials, http, signal);
    return this.#authorization !== undefined && this.#authorization !== earlier;
  }

  async #follow(
    { to, deadlineMs = REQUEST_MS_MAX, ...call }: Ask,
    signal: AbortSignal | undefined,
  ): Promise<HttpAnswer> {
    let url = this.url(to);
    for (let hops = 0; ; hops += 1) {
      const own = url.origin === this.#options.endpoint.origin && this.#authorization !== undefined;
      const headers = own ? { ...call.headers, authorization: this.#authorization ?? '' } : { ...call.headers };
      const answer = await this.#options.http({ ...call, url, headers, deadlineMs }, signal);
      const location = answer.headers['location'];
      if (![301, 302, 303, 307, 308].includes(answer.status) || location === undefined) return answer;
      if (call.method !== 'GET' && call.method !== 'HEAD') return answer;
      if (hops >= REDIRECTS_MAX) throw new Terminal(`${url.href}: more than ${REDIRECTS_MAX} redirects`);
      url = sentOn(url, location);
    }
  }
}
