import { Agent, buildConnector } from 'undici';
import type { Credentials } from './credentials.ts';

/** More than there are workers of both controllers: a lease's renewal waits behind none of them. */
const CONNECTIONS_MAX = 48;

/**
 * Two shared Agents: client-node opens one TLS connection per request and per watch reconnect (3.5 ms and 3 CPU-ms each,
 * measured). HTTP/1.1 on purpose: a stalled HTTP/2 connection would stall every request at once. Imported with the first request:
 * undici is a third of what an operator evaluates, and its watches need none of it.
 */
export class Agents {
  readonly requests: Agent;
  /** For bodies that may be quiet for as long as they like; who reads one judges the silence. */
  readonly streams: Agent;

  constructor(credentials: Credentials) {
    const connect = connector(credentials);
    this.requests = new Agent({ connect, allowH2: false, connections: CONNECTIONS_MAX, keepAliveTimeout: 30_000 });
    this.streams = new Agent({ connect, allowH2: false, bodyTimeout: 0, headersTimeout: 30_000 });
  }

  async close(): Promise<void> {
    await Promise.all([this.requests.destroy(), this.streams.destroy()]);
  }
}

/** Asks for TLS material at each new connection, so a rotated CA or client certificate needs no new Agent. */
function connector(credentials: Credentials): buildConnector.connector {
  let built: { readonly tls: object; readonly connect: buildConnector.connector } | undefined;
  return (options, callback) => {
    credentials.tls().then(
      (tls) => {
        if (built?.tls !== tls) {
          const settings = { ...tls, allowH2: false, keepAlive: true, keepAliveInitialDelay: 30_000, timeout: 10_000 };
          built = { tls, connect: buildConnector(settings as buildConnector.BuildOptions) };
        }
        built.connect(options, callback);
      },
      (error: Error) => callback(error, null),
    );
  };
}
