import { randomBytes } from 'node:crypto';
import type { Clock } from '../clock.ts';
import type { Logger } from '../log.ts';
import type { Credentials } from '../operator/kube/credentials.ts';
import { Transport } from '../operator/kube/transport.ts';
import { Feed } from './feed.ts';
import { pageText } from './page.ts';
import { serve } from './server.ts';
import { World } from './world.ts';

export interface DashboardOptions {
  readonly credentials: Credentials;
  /** For people: which cluster. */
  readonly context: string;
  readonly namespace: string;
  readonly version: string;
  readonly port: number;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
}

export interface Dashboard {
  /** With the token behind `#`, which browsers keep to themselves. */
  readonly url: string;
  /** Ends when the signal does. */
  readonly done: Promise<void>;
}

const REQUEST_MS_MAX = 15_000;
const TOKEN_BYTES = 24;

export async function openDashboard(options: DashboardOptions, signal: AbortSignal): Promise<Dashboard> {
  const { credentials, clock, random, log, version, context, namespace, port } = options;
  const transport = new Transport({
    credentials,
    clock,
    random,
    userAgent: `kwasm/${version}`,
    requestMsMax: REQUEST_MS_MAX,
    onRequest: () => {},
  });
  const world: World = new World({ transport, clock, random, log, namespace, onNode: (name) => feed.changed(name) });
  const feed = new Feed(world, { version, context, namespace, server: credentials.server.origin }, clock);
  const token = randomBytes(TOKEN_BYTES).toString('base64url');
  const detail = (name: string, stop: AbortSignal) => world.detail(name, stop);
  const served = await serve({ port, token, page: await pageText(), feed, detail });
  const work = async () => {
    try {
      await Promise.all([world.run(signal), feed.run(signal)]);
    } finally {
      await Promise.all([served.close(), transport.close()]);
    }
  };
  return { url: `http://127.0.0.1:${served.port}/#${token}`, done: work() };
}
