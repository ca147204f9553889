import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer as createHttp, type RequestListener, type Server } from 'node:http';
import { createServer as createHttps } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { systemClock } from '../../clock.ts';
import { readWatchAnswer } from './watch-connection.ts';

describe('readWatchAnswer', () => {
  let servers: Server[];
  let dir: string;
  let pair: { readonly key: Buffer; readonly cert: Buffer };

  before(() => {
    dir = mkdtempSync(join(tmpdir(), 'kwasm-watch-'));
    const [key, cert] = [join(dir, 'key'), join(dir, 'cert')];
    const name = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1'];
    const made = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
    execFileSync('openssl', [...made, ...name, '-keyout', key, '-out', cert], { stdio: 'ignore' });
    pair = { key: readFileSync(key), cert: readFileSync(cert) };
  });
  after(() => rmSync(dir, { recursive: true, force: true }));
  beforeEach(() => {
    servers = [];
  });
  afterEach(() => {
    for (const server of servers) {
      server.closeAllConnections();
      server.close();
    }
  });

  async function listen(scheme: 'http' | 'https', answer: RequestListener): Promise<URL> {
    const server = scheme === 'http' ? createHttp(answer) : createHttps(pair, answer);
    servers.push(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new URL(`${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}/x?a=b`);
  }

  interface Options {
    readonly tls?: object;
    readonly headers?: Readonly<Record<string, string>>;
    readonly onBody?: (bytes: Buffer) => boolean;
    readonly signal?: AbortSignal;
  }

  async function read(url: URL, options: Options = {}) {
    const { tls = {}, headers = {}, onBody = () => false, signal = new AbortController().signal } = options;
    const body: Buffer[] = [];
    const sessions: Buffer[] = [];
    let status = 0;
    const on = {
      head: (head: { readonly status: number }) => {
        status = head.status;
      },
      body: (bytes: Buffer) => {
        body.push(Buffer.from(bytes));
        return onBody(bytes);
      },
      session: (session: Buffer) => void sessions.push(session),
    };
    await readWatchAnswer({ url, headers, tls }, on, signal);
    return { status, body: Buffer.concat(body), sessions };
  }

  const failure = async (reading: Promise<unknown>) =>
    await reading.then(
      () => 'no error',
      (error: Error) => error.message,
    );

  it('reads an answer of any length to its end, and says who asks for what', async () => {
    const sent = Buffer.alloc(3_000_001, 'abcdefg');
    let asked: unknown;
    const url = await listen('https', ({ method, url: path, headers }, response) => {
      asked = { method, path, host: headers.host, authorization: headers.authorization };
      response.write(sent.subarray(0, 5));
      response.end(sent.subarray(5));
    });
    const { status, body, sessions } = await read(url, {
      tls: { ca: pair.cert },
      headers: { authorization: 'Bearer t' },
    });
    expect([status, body.equals(sent)]).to.deep.equal([200, true]);
    expect(asked).to.deep.equal({ method: 'GET', path: '/x?a=b', host: url.host, authorization: 'Bearer t' });
    expect(sessions.length, 'a session to be offered again').to.be.greaterThan(0);
  });

  it('tells a server that it does not trust nothing', async () => {
    let asked = 0;
    const url = await listen('https', () => {
      asked += 1;
    });
    expect(await failure(read(url, { headers: { authorization: 'Bearer t' } }))).to.match(/self-signed certificate/);
    expect(asked).to.equal(0);
  });

  it('reports a server that is not there, one that goes away, and one that is told to be left', async () => {
    const cut = await listen('http', (_, response) => {
      response.write('some', () => response.destroy());
    });
    expect(await failure(read(cut))).to.match(/in the middle of its answer|ECONNRESET/);
    const [server] = servers;
    server?.close();
    server?.closeAllConnections();
    expect(await failure(read(cut))).to.include('ECONNREFUSED');
    const open = await listen('http', (_, response) => void response.write('some'));
    const stop = new AbortController();
    const onBody = () => {
      stop.abort(new Error('enough'));
      return false;
    };
    expect(await failure(read(open, { signal: stop.signal, onBody }))).to.equal('enough');
    expect(await failure(read(open, { signal: AbortSignal.abort(new Error('never')) }))).to.equal('never');
  });

  it('ends with what the one who takes the body throws', async () => {
    const url = await listen('http', (_, response) => void response.write('some'));
    const onBody = () => {
      throw new Error('no such event');
    };
    expect(await failure(read(url, { onBody }))).to.equal('no such event');
  });

  it('sends no header with a line of its own in it', async () => {
    const url = await listen('http', (_, response) => void response.end());
    expect(await failure(read(url, { headers: { authorization: 'a\r\nb: c' } }))).to.include('Invalid character');
  });

  it('reads events that come fast several at a time, all of them and in order', async () => {
    const count = 100;
    const url = await listen('http', async (_, response) => {
      response.setHeader('transfer-encoding', 'chunked');
      for (let index = 0; index < count; index += 1) {
        response.write(`${index}\n`);
        await systemClock.sleep(2);
      }
      response.end();
    });
    let turns = 0;
    let counted = false;
    const onBody = () => {
      if (!counted) {
        counted = true;
        turns += 1;
        setImmediate(() => {
          counted = false;
        });
      }
      return true;
    };
    const { body } = await read(url, { onBody });
    expect(body.toString().trim().split('\n').map(Number)).to.deep.equal(Array.from({ length: count }, (_, at) => at));
    expect(turns).to.be.below(count / 3);
  });
});
