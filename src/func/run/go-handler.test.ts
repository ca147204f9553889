import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { createFunction } from '../create.ts';
import { type RunningFunction, runFunction } from './run.ts';
import { hasGo } from './testing.ts';

describe('a function in Go as a program of this machine', function () {
  this.timeout(300_000);
  let folder: string;
  let running: RunningFunction;
  before(async function () {
    if (!hasGo()) return this.skip();
    folder = join(mkdtempSync(join(tmpdir(), 'kwasm-func-')), 'hello');
    await createFunction(folder, 'go-wasi');
    running = await runFunction(folder, {
      address: { host: '127.0.0.1', port: 0 },
      component: false,
      env: ['GREETING=hi'],
      requestMs: 5000,
      say: () => {},
    });
  });
  after(async () => {
    await running?.close();
    if (folder !== undefined) rmSync(join(folder, '..'), { recursive: true });
  });
  const asked = async (path = '/') => {
    const response = await fetch(running.url + path);
    return [response.status, await response.text()] as const;
  };
  const handler = (body: string, imports = '"net/http"') =>
    writeFileSync(
      join(folder, 'handle.go'),
      `package function\n\nimport (\n${imports}\n)\n\nfunc Handle(w http.ResponseWriter, r *http.Request) {\n${body}\n}\n`,
    );
  const soon = async (wanted: string) => {
    for (let left = 400; left > 0; left -= 1) {
      const [, body] = await asked();
      if (body.includes(wanted)) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error(`${wanted} did not come`);
  };

  it('answers, and says what it is', async () => {
    expect(await asked('/shop?page=2')).to.deep.equal([200, 'Hello from WASI! Path: /shop\n']);
    expect(running.mode).to.match(/^a program of this machine, on net\/http: no sandbox/);
  });
  it('is built anew at a save, says what does not compile, and has its variables', async () => {
    handler('w.Write([]byte("second"');
    await soon('the handler does not load');
    expect((await asked())[1]).to.match(/handle\.go:8:\d+: syntax error/);
    handler('w.Write([]byte(os.Getenv("GREETING") + "second"))', '"net/http"\n"os"');
    await soon('hisecond');
  });
  it('answers 500 to a panic, whose reason it keeps, 504 to a loop, and goes on', async () => {
    handler(
      'if r.URL.Path == "/loop" { for {} }\nif r.URL.Path == "/panic" { panic("the secret") }\nw.Write([]byte("well"))',
    );
    await soon('well');
    expect(await asked('/panic')).to.deep.equal([500, 'Internal Server Error\n']);
    expect(await asked('/loop')).to.deep.equal([504, 'no answer within 5 s\n']);
    expect(await asked()).to.deep.equal([200, 'well']);
  });
  it('leaves nothing among the sources', () => {
    expect(readFileSync(join(folder, 'go.mod'), 'utf8')).to.equal('module function\n\ngo 1.24\n');
  });
});
