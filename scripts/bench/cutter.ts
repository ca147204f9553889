import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** A way to the API server that can be cut: bytes go through as they are, so TLS and its certificates stay real. */
export class Cutter {
  readonly #server: Server;
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  /** false: connections are refused as soon as they are made, as by a server that is away. */
  open = true;
  connections = 0;

  private constructor(target: URL) {
    this.#server = createServer((client) => this.#join(client, target));
  }

  static async listen(target: URL, port: number): Promise<Cutter> {
    const cutter = new Cutter(target);
    cutter.#server.listen(port, target.hostname);
    await once(cutter.#server, 'listening');
    cutter.#server.unref(); // an interrupted run must end although nobody closes it
    return cutter;
  }

  /** Every connection at once, in the middle of whatever it carries. */
  cut(): number {
    const count = this.#pairs.size;
    for (const pair of this.#pairs) for (const socket of pair) socket.resetAndDestroy();
    this.#pairs.clear();
    return count;
  }

  async close(): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #join(client: Socket, target: URL): void {
    if (!this.open) {
      client.resetAndDestroy();
      return;
    }
    this.connections += 1;
    const server = connect({ host: target.hostname, port: Number(target.port), noDelay: true });
    client.setNoDelay(true);
    const pair = [client, server] as const;
    this.#pairs.add(pair);
    client.pipe(server).pipe(client);
    for (const socket of pair) {
      socket.on('error', () => {});
      socket.on('close', () => {
        this.#pairs.delete(pair);
        client.destroy();
        server.destroy();
      });
    }
  }
}
