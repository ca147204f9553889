import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { builtProbe, hasGo, packages } from './testing.ts';

/** Somebody else's host of WASI HTTP: what is built here is no component of ours alone. */
for (const runtime of ['ts-wasi', 'go-wasi'] as const)
  describe(`a function's component in jco serve: ${runtime}`, function () {
    this.timeout(300_000);
    let host: ChildProcess | undefined;
    let url: string;
    let said = '';
    const directory = mkdtempSync(join(tmpdir(), 'kwasm-jco-'));

    before(async function () {
      if (runtime === 'go-wasi' && !hasGo()) return this.skip();
      const component = join(await builtProbe(runtime), 'function.wasm');
      const port = await freePort();
      url = `http://127.0.0.1:${port}`;
      const jco = join(packages, '@bytecodealliance/jco/dist/jco.js');
      const flags = ['--isolate-requests=instance', '--host', '127.0.0.1', '--port', String(port)];
      const args = [jco, 'serve', component, ...flags, '--jco-dir', directory];
      // What listens is a child of its, which outlives it: they are ended together.
      host = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
      for (const stream of [host.stdout, host.stderr]) stream?.on('data', (data) => (said += data));
      await listening();
    });
    after(async () => {
      const closed = host && new Promise((resolve) => host?.once('close', resolve));
      if (host?.pid !== undefined) process.kill(-host.pid, 'SIGKILL');
      await closed;
      rmSync(directory, { recursive: true });
    });

    async function listening(): Promise<void> {
      for (;;) {
        if (host?.exitCode !== null) throw new Error(`jco serve has ended: ${said}`);
        const answer = await fetch(url, { signal: AbortSignal.timeout(10_000) }).catch(() => undefined);
        if (answer !== undefined) return void (await answer.text());
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
    const text = async (path: string) => {
      const response = await fetch(`${url}${path}`);
      return [response.status, await response.text()] as const;
    };

    it('answers as in kwasm func run and in the cluster', async () => {
      expect(await text('/shop?page=2')).to.deep.equal([200, 'Hello from WASI! Path: /shop\n']);
    });
    it('gets method, body and headers, and sets status and headers', async () => {
      const init = { method: 'PUT', body: 'ünï', headers: { 'content-type': 'text/x' } };
      const response = await fetch(`${url}/echo`, init);
      expect([response.status, await response.text()]).to.deep.equal([201, 'ünï']);
      expect([response.headers.get('x-method'), response.headers.get('x-type')]).to.deep.equal(['PUT', 'text/x']);
    });
    it('answers one after the other and side by side', async () => {
      for (let nth = 0; nth < 3; nth += 1) expect(await text('/counter')).to.deep.equal([200, '0']);
      const beside = await Promise.all(Array.from({ length: 8 }, () => text('/counter')));
      expect(beside).to.deep.equal(beside.map(() => [200, '0']));
    });
    it('answers 500 when it throws, and goes on', async () => {
      expect((await text('/throw'))[0]).to.equal(500);
      expect(await text('/counter')).to.deep.equal([200, '0']);
    });
  });

async function freePort(): Promise<number> {
  const server = createServer();
  const port = await new Promise<number>((resolve) =>
    server.listen(0, '127.0.0.1', () => resolve((server.address() as { readonly port: number }).port)),
  );
  await new Promise((resolve) => server.close(resolve));
  return port;
}
