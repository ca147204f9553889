import { setTimeout as delay } from 'node:timers/promises';
import { request } from 'undici';

export interface Answer {
  readonly status: number;
  readonly body: string;
}

const DEADLINE_MS = 10_000;

/** Asks an Ingress controller as a browser would whose name server gives `address` for `host`. */
export async function askHost(address: string, host: string, path = '/', withinMs = DEADLINE_MS): Promise<Answer> {
  const signal = AbortSignal.timeout(withinMs);
  const { statusCode, body } = await request(`http://${address}${path}`, { headers: { host }, signal });
  return { status: statusCode, body: await body.text() };
}

export interface Load {
  /** Ends the clients; the counts are final then. */
  stop(): Promise<{ readonly answered: number; readonly failed: readonly string[] }>;
}

/** So that what asks leaves some of the processor to what answers: they are on one machine. */
const PAUSE_MS = 50;

/** `clients` that ask one request after the other. Bounded by `stop`. */
export function loadHost(address: string, host: string, clients: number): Load {
  const failed: string[] = [];
  let answered = 0;
  let ended = false;

  async function client(): Promise<void> {
    while (!ended) {
      const said = await askHost(address, host).then(
        ({ status }) => (status === 200 ? undefined : `HTTP ${status}`),
        (error: unknown) => String(error),
      );
      if (said === undefined) answered += 1;
      else failed.push(said);
      await delay(PAUSE_MS);
    }
  }

  const all = Promise.all(Array.from({ length: clients }, client));
  return {
    async stop() {
      ended = true;
      await all;
      return { answered, failed };
    },
  };
}
