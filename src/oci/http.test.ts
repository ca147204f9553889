import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { http } from './http.ts';

describe('a registry that cannot be spoken to', () => {
  let sleeps = 0;
  const sleep = async () => {
    sleeps += 1;
  };
  const clock = { nowMs: () => 0, monotonicMs: () => 0, sleep };
  const ask = async (url: string) =>
    await http({ clock })({ method: 'GET', url: new URL(url), bytesMax: 1_000, deadlineMs: 10_000 }).then(
      () => 'an answer',
      ({ message }: Error) => message,
    );
  beforeEach(() => {
    sleeps = 0;
  });

  it('has no TLS: says how to name it as such, at once', async () => {
    const server = createServer((_, response) => response.end('hello')).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    try {
      expect(await ask(`https://${host}/v2/`))
        .to.match(new RegExp(`^GET https://${host}/v2/: ${host} does not speak TLS`))
        .and.contain(`--plain-http ${host}, KWASM_PLAIN_HTTP=${host}`)
        .and.not.contain('OpenSSL');
      expect(sleeps, 'no second try can mend it').to.equal(0);
    } finally {
      server.close();
    }
  });

  for (const { name, answer } of [
    { name: 'answers nothing', answer: () => {} },
    {
      name: 'trickles',
      answer: (response: ServerResponse) => {
        const timer = setInterval(() => response.write('.'), 20);
        response.once('close', () => clearInterval(timer));
      },
    },
  ]) {
    it(`${name}: has its time, and not one time more`, async () => {
      let requests = 0;
      const server = createServer((_, response) => {
        requests += 1;
        answer(response);
      }).listen(0, '127.0.0.1');
      await new Promise((resolve) => server.once('listening', resolve));
      const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/v2/`);
      try {
        const said = await http({ clock })({ method: 'GET', url, bytesMax: 1_000_000, deadlineMs: 300 }).catch(String);
        expect(said).to.contain(`GET ${url}: no answer within 0.3 s`);
        expect([requests, sleeps]).to.deep.equal([1, 0]);
      } finally {
        server.closeAllConnections();
        server.close();
      }
    });
  }

  it('is not there: says so after some tries', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    await new Promise((resolve) => server.close(resolve));
    expect(await ask(`http://${host}/v2/`)).to.equal(
      `GET http://${host}/v2/: ${host} does not answer (connect ECONNREFUSED ${host}). Is the name right, and is it up?`,
    );
    expect(sleeps).to.be.above(1);
  });
});
