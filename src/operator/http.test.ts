import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import { text as page, servePages } from './http.ts';

/** The status that a request is answered with whose first line no client of ours would write. */
async function rawStatus(port: number, target: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.end(`GET ${target} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`);
  return (await text(socket)).split(' ')[1] ?? '';
}

describe('servePages', () => {
  it('outlives what is no address', async () => {
    const server = await servePages({ host: '127.0.0.1', port: 0 }, { '/healthz': () => page(200, 'ok\n') });
    try {
      for (const target of ['//', '/\\', 'http://[/'])
        expect(await rawStatus(server.port, target), target).to.equal('400');
      expect(await rawStatus(server.port, '/healthz')).to.equal('200');
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });

  it('answers with its pages and nothing else', async () => {
    const server = await servePages(
      { host: '127.0.0.1', port: 0 },
      {
        '/readyz': () => page(503, 'jobs: stale\n'),
        '/broken': () => {
          throw new Error('no');
        },
      },
    );
    try {
      const get = async (path: string, method = 'GET') => {
        const answer = await fetch(`http://127.0.0.1:${server.port}${path}`, { method });
        return [answer.status, await answer.text()];
      };
      expect(await get('/readyz?verbose')).to.deep.equal([503, 'jobs: stale\n']);
      expect(await get('/nothing')).to.deep.equal([404, 'no such page; there are /readyz, /broken\n']);
      expect(await get('/constructor')).to.have.property('0', 404);
      expect(await get('/readyz', 'POST')).to.have.property('0', 405);
      expect(await get('/readyz', 'HEAD')).to.deep.equal([503, '']);
      expect(await get('/broken')).to.have.property('0', 500);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });
});
