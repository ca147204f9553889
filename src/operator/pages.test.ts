import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { expect } from 'chai';
import { systemClock } from '../clock.ts';
import { Terminal } from '../errors.ts';
import { serveAll } from './pages.ts';

describe('serveAll', () => {
  const taken: Server[] = [];
  afterEach(() => {
    for (const server of taken.splice(0)) server.close();
  });

  async function take(): Promise<number> {
    const server = createServer().listen(0, '127.0.0.1');
    taken.push(server);
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  }

  it('leaves no page open when one of its addresses is taken: a process that gave up would go on saying that it lives', async () => {
    const healthPort = await take();
    taken.splice(0).map((server) => server.close());
    const metricsPort = await take();
    const address = (port: number) => ({ host: '127.0.0.1', port });
    const shown = {
      clock: systemClock,
      watches: () => [],
      registry: { contentType: '', metrics: async () => '' },
      debug: {} as never,
    };
    const config = {
      healthAddress: address(healthPort),
      metricsAddress: address(metricsPort),
      debugAddress: undefined,
    };
    const error = await serveAll(config, shown).catch((cause: unknown) => cause);
    expect(error).to.be.instanceOf(Terminal);
    expect(String(error)).to.contain(`127.0.0.1:${metricsPort}`).and.to.contain('EADDRINUSE');
    const health = await fetch(`http://127.0.0.1:${healthPort}/healthz`).catch(() => 'closed');
    expect(health).to.equal('closed');
  });
});
