import { rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { inspect } from '../../wasm/module.ts';
import { buildFunction } from '../build.ts';
import { type RunningFunction, runFunction } from './run.ts';
import { builtProbe, hasGo, probeWith } from './testing.ts';

const MEBIBYTE = 1024 * 1024;

const runtimes = ['ts-wasi', 'go-wasi'] as const;
for (const runtime of runtimes)
  describe(`a function as the component that it becomes: ${runtime}`, function () {
    this.timeout(600_000);
    let probe: string;
    let server: Server | undefined;
    let port: number;
    const folders: string[] = [];
    const open: RunningFunction[] = [];
    const said: string[] = [];

    before(async function () {
      if (runtime === 'go-wasi' && !hasGo()) return this.skip();
      probe = await builtProbe(runtime);
      const started = createServer((request, response) => {
        const parts: Buffer[] = [];
        request.on('data', (part: Buffer) => parts.push(part));
        request.on('end', () => response.end(`${request.method} ${request.headers.host} ${Buffer.concat(parts)}`));
      });
      await new Promise<void>((resolve) => started.listen(0, '127.0.0.1', resolve));
      port = (started.address() as AddressInfo).port;
      server = started;
    });
    after(async () => {
      for (const running of open) await running.close();
      for (const folder of folders) rmSync(folder, { recursive: true });
      await new Promise((resolve) => server?.close(resolve) ?? resolve(undefined));
    });

    async function running(yaml = '', requestMs = 30_000): Promise<string> {
      const folder = probeWith(probe, yaml);
      folders.push(folder);
      const say = (line: string) => said.push(line);
      const address = { host: '127.0.0.1', port: 0 };
      const options = { address, component: true, env: [], memoryBytes: 128 * MEBIBYTE, requestMs, say };
      const started = await runFunction(folder, options);
      open.push(started);
      return started.url;
    }
    const text = async (url: string, init: RequestInit = {}) => {
      const response = await fetch(url, init);
      return [response.status, await response.text()] as const;
    };

    describe('without a network', () => {
      let url: string;
      let mode: string | undefined;
      before(async () => {
        url = await running('run:\n  envs:\n    - { name: GREETING, value: hello }\n  args: [--fast]\n');
        mode = open.at(-1)?.mode;
      });

      it('says that this is what runs', () => {
        expect(mode).to.equal('component: an instance for each request, 128 MiB, 30 s, no network');
      });
      it('answers as the template does', async () => {
        expect(await text(`${url}/shop?page=2`)).to.deep.equal([200, 'Hello from WASI! Path: /shop\n']);
      });
      it('gets method, body and headers, and sets status and headers', async () => {
        const response = await fetch(`${url}/echo`, {
          method: 'PUT',
          body: 'ünï',
          headers: { 'content-type': 'text/x' },
        });
        expect([response.status, await response.text()]).to.deep.equal([201, 'ünï']);
        expect([response.headers.get('x-method'), response.headers.get('x-type')]).to.deep.equal(['PUT', 'text/x']);
      });
      it('gets run.envs and run.args', async () => {
        const { env, args } = JSON.parse((await text(`${url}/context`))[1]);
        expect({ ...env, REQUEST_ID: 'its own' }).to.deep.equal({ GREETING: 'hello', REQUEST_ID: 'its own' });
        expect(args).to.deep.equal(['--fast']);
      });
      it("gets the number of its request, as from the shim: nobody's own variable of that name", async () => {
        const counted = await running('run:\n  envs:\n    - { name: REQUEST_ID, value: mine }\n');
        const idOf = async () => JSON.parse((await text(`${counted}/context`))[1]).env.REQUEST_ID;
        expect([await idOf(), await idOf(), await idOf()]).to.deep.equal(['0', '1', '2']);
      });
      it('has an instance for each request: what it counts stays 0, one after the other and side by side', async () => {
        for (let nth = 0; nth < 3; nth += 1) expect(await text(`${url}/counter`)).to.deep.equal([200, '0']);
        const beside = await Promise.all(Array.from({ length: 8 }, () => text(`${url}/counter`)));
        expect(new Set(beside.map(([, body]) => body))).to.deep.equal(new Set(['0']));
      });
      it('answers 500 when it throws or gives nothing, and the reason is in the terminal only', async () => {
        for (const path of ['throw', 'nothing'])
          expect(await text(`${url}/${path}`)).to.deep.equal([500, 'Internal Server Error\n']);
      });
      it('reaches nobody', async () => {
        const asked = await text(`${url}/fetch?url=${encodeURIComponent(`http://127.0.0.1:${port}/`)}`);
        expect(asked[1]).to.match(/^refused: /);
      });
      it('may not hold more memory than it has, and goes on', async () => {
        const [status] = await text(`${url}/memory`);
        expect(status).to.equal(500);
        expect(await text(`${url}/counter`)).to.deep.equal([200, '0']);
      });
      it('answers 200 requests within the bound of one process', async () => {
        for (let nth = 0; nth < 200; nth += 1)
          expect(await text(`${url}/${nth}`)).to.deep.equal([200, `Hello from WASI! Path: /${nth}\n`]);
        expect(said.filter((line) => /ended|out of memory/.test(line)).length).to.be.lessThan(3); // those of the test before
      });
    });

    it('loops: 504 at the deadline, and the next request is answered', async () => {
      const url = await running('', 5000);
      expect(await text(`${url}/loop`)).to.deep.equal([504, 'no answer within 5 s\n']);
      expect(await text(`${url}/counter`)).to.deep.equal([200, '0']);
    });

    it('reaches what deploy.network names, and no other port', async () => {
      const url = await running(`deploy:\n  network:\n    tcp:\n      connect: ['127.0.0.1:${port}']\n`);
      const ask = async (to: string, init: RequestInit = {}) =>
        (await text(`${url}/fetch?url=${encodeURIComponent(to)}`, init))[1];
      expect(await ask(`http://127.0.0.1:${port}/x`)).to.equal(`200 GET 127.0.0.1:${port} `);
      expect(await ask(`http://127.0.0.1:${port}/x`, { method: 'POST', body: 'data' })).to.equal(
        `200 POST 127.0.0.1:${port} data`,
      );
      expect(await ask(`http://127.0.0.1:${port === 65_535 ? 1 : port + 1}/`)).to.match(/^refused: /);
      expect(open.at(-1)?.mode).to.contain(`outgoing HTTP to 127.0.0.1:${port}`);
    });

    it('is built once for the same sources, and what it does not use is not imported', async () => {
      const built = await buildFunction(probe);
      expect(built.unchanged).to.equal(true);
      expect(built.digest).to.match(/^sha256:[0-9a-f]{64}$/);
      const { exports } = inspect(built.component, built.bytes);
      expect(exports.filter((name) => name.startsWith('wasi:http/incoming-handler@0.2'))).to.have.length(1);
      expect(built.imports.some((name) => name.startsWith('wasi:http/outgoing-handler'))).to.equal(true);
      // The JavaScript engine asks for files whatever it runs, and Go's runtime for random numbers.
      const unused = runtime === 'ts-wasi' ? /^wasi:(random|sockets)/ : /^wasi:(filesystem|sockets)/;
      expect(built.imports.filter((name) => unused.test(name))).to.deep.equal([]);
    });

    if (runtime === 'go-wasi')
      describe("what Go's net/http promises", () => {
        let url: string;
        before(async () => {
          url = await running();
        });

        it('goroutines and timers', async () => {
          expect(await text(`${url}/goroutines`)).to.deep.equal([200, '45']);
        });
        it('an answer in parts', async () => {
          expect(await text(`${url}/parts`)).to.deep.equal([200, '0\n1\n2\n']);
        });
        it('memory that grows is its own', async () => {
          expect(await text(`${url}/collected`)).to.deep.equal([200, 'whole']);
        });
        it('a long body, both ways', async () => {
          const body = 'abcdefghij'.repeat(200_000);
          expect(await text(`${url}/echo`, { method: 'POST', body })).to.deep.equal([201, body]);
        });
        it('the type that a server would find, and no body where none belongs', async () => {
          const { headers } = await fetch(`${url}/counter`);
          expect(headers.get('content-type')).to.equal('text/plain; charset=utf-8');
          expect(await text(`${url}/counter`, { method: 'HEAD' })).to.deep.equal([200, '']);
        });
        it('no files', async () => {
          expect((await text(`${url}/file`))[1]).to.match(/^open \/etc\/passwd: /);
        });
      });
  });
