import { expect } from 'chai';
import { servePages, text } from './http.ts';

describe('servePages', () => {
  it('answers with its pages and nothing else', async () => {
    const server = await servePages(
      { host: '127.0.0.1', port: 0 },
      {
        '/readyz': () => text(503, 'jobs: stale\n'),
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
