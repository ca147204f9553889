import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { createFunction } from '../create.ts';
import { FuncError } from '../func-error.ts';
import { type Invocation, invokeFunction } from '../invoke.ts';
import { type RunningFunction, runFunction } from './run.ts';

const ASKED: Invocation = {
  target: 'local',
  method: undefined,
  path: '',
  data: undefined,
  contentType: undefined,
  headers: [],
  timeoutMs: 20_000,
};

describe('a function on Node, from an empty directory to an answer', function () {
  this.timeout(120_000);
  let dir: string;
  let folder: string;
  let running: RunningFunction | undefined;
  const said: string[] = [];

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'kwasm-func-'));
    folder = join(dir, 'hello');
    said.length = 0;
  });
  afterEach(async () => {
    await running?.close();
    running = undefined;
    rmSync(dir, { recursive: true });
  });
  const run = async (requestMs = 20_000) => {
    const address = { host: '127.0.0.1', port: 0 };
    const options = {
      address,
      component: false,
      env: ['GREETING=hi'],
      requestMs,
      say: (line: string) => said.push(line),
    };
    running = await runFunction(folder, options);
  };
  const invoked = async (more: Partial<Invocation> = {}) => {
    const { status, body } = await invokeFunction(folder, { ...ASKED, ...more });
    return [status, body.toString()] as const;
  };
  const handler = (text: string) => writeFileSync(join(folder, 'src/handler.js'), text);
  /** A save is noticed when the system says so. */
  const soon = async (wanted: string) => {
    for (let left = 200; left > 0; left -= 1) {
      const [, body] = await invoked();
      if (body.includes(wanted)) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error(`${wanted} did not come; ${said.join('; ')}`);
  };

  for (const runtime of ['ts-wasi', 'js-wasi']) {
    it(`${runtime}: answers without one package installed`, async () => {
      await createFunction(folder, runtime);
      await run();
      expect(await invoked({ path: '/shop?page=2' })).to.deep.equal([200, 'Hello from WASI! Path: /shop\n']);
      expect(running?.mode).to.match(/^Node\.js .*no sandbox/);
      expect(said.at(-1)).to.match(/^GET \/shop\?page=2 200 \d+ ms$/);
    });
  }

  it('gets what is sent, and what func.yaml and --env say', async () => {
    await createFunction(folder, 'js-wasi');
    handler(`export default async (request, { env, args }) =>
      Response.json({ env, args, type: request.headers.get('content-type'), body: await request.text() }, { status: 418 });`);
    writeFileSync(join(folder, 'func.yaml'), `${readFileSync(join(folder, 'func.yaml'), 'utf8')}run: { args: [-x] }\n`);
    await run();
    const [status, body] = await invoked({ data: Buffer.from('{}'), contentType: 'application/json' });
    expect([status, JSON.parse(body)]).to.deep.equal([
      418,
      { env: { GREETING: 'hi' }, args: ['-x'], type: 'application/json', body: '{}' },
    ]);
  });

  it('is loaded anew at a save, says why it does not load, and comes back', async () => {
    await createFunction(folder, 'js-wasi');
    await run();
    handler('export default () => new Response("second");');
    await soon('second');
    handler('export default () => new Response("third";');
    await soon('the handler does not load');
    expect((await invoked())[1]).to.contain('SyntaxError');
    handler('export default () => new Response("fourth");');
    await soon('fourth');
  });

  it('answers 500 when it throws, 504 when it loops, and goes on', async () => {
    await createFunction(folder, 'js-wasi');
    handler(`export default ({ url }) => {
      if (url.endsWith('/throw')) throw new Error('the secret');
      while (url.endsWith('/loop'));
      return new Response('well');
    };`);
    await run(3000);
    expect(await invoked({ path: '/throw' })).to.deep.equal([500, 'Internal Server Error\n']);
    expect(await invoked({ path: '/loop' })).to.deep.equal([504, 'no answer within 3 s\n']);
    expect(await invoked()).to.deep.equal([200, 'well']);
  });

  it('is not found by invoke when it does not run, and leaves no note behind', async () => {
    await createFunction(folder, 'js-wasi');
    const refusal = () => invoked().then(String, (error: FuncError) => error.message);
    expect(await refusal()).to.contain('does not run here: kwasm func run starts it');
    await run();
    await invoked();
    await running?.close();
    running = undefined;
    expect(await refusal()).to.contain('does not run here');
  });

  it('takes another port than the usual one where that is taken', async () => {
    const other = createServer();
    // Or whoever has it already.
    await new Promise((resolve) => other.once('error', resolve).listen(8080, '127.0.0.1', () => resolve(undefined)));
    try {
      await createFunction(folder, 'js-wasi');
      const say = (line: string) => said.push(line);
      running = await runFunction(folder, { address: undefined, component: false, env: [], requestMs: 20_000, say });
      expect(running.url)
        .to.match(/^http:\/\/127\.0\.0\.1:\d+$/)
        .and.not.match(/:8080$/);
      expect(said).to.include('127.0.0.1:8080 is taken; this one is on another port');
      expect(await invoked()).to.deep.equal([200, 'Hello from WASI! Path: /\n']);
    } finally {
      other.close();
    }
  });
  it('says which address is taken', async () => {
    await createFunction(folder, 'js-wasi');
    await run();
    const { port } = new URL(running?.url ?? '');
    const again = { address: { host: '127.0.0.1', port: Number(port) }, component: false, env: [], requestMs: 1000 };
    const error = await runFunction(folder, { ...again, say: () => {} }).catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(FuncError);
    expect(String(error)).to.contain(`127.0.0.1:${port} is taken`);
  });
});
