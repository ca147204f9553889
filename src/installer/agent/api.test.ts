import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { type Api, inClusterApi } from './api.ts';

describe('inClusterApi', () => {
  let directory: string;
  let server: Server;
  let api: Api;
  let seen: string[];

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'account-'));
    for (const name of ['token', 'ca.crt']) writeFileSync(join(directory, name), `${name}-1\n`);
    seen = [];
    server = createServer((request, response) => {
      let body = '';
      request.on('data', (part) => {
        body += String(part);
      });
      request.on('end', () => {
        seen.push(`${request.method} ${request.url} ${request.headers.authorization} ${body}`);
        response.statusCode = request.url === '/page' ? 502 : 200;
        response.end(request.url === '/page' ? '<html>' : '{"spec":{}}');
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    api = inClusterApi(new URL(`http://127.0.0.1:${port}`), directory);
  });
  afterEach(() => {
    server.close();
    rmSync(directory, { recursive: true });
  });

  it('asks with the token as it is now', async () => {
    expect(await api.send('GET', '/lease')).to.deep.equal({ status: 200, body: { spec: {} } });
    writeFileSync(join(directory, 'token'), 'token-2');
    await api.send('PUT', '/lease', { a: 1 });
    expect(seen).to.deep.equal(['GET /lease Bearer token-1 ', 'PUT /lease Bearer token-2 {"a":1}']);
  });

  it('bears an answer that is not from an API server', async () => {
    expect(await api.send('GET', '/page')).to.deep.equal({ status: 502, body: undefined });
  });
});
