import { expect } from 'chai';
import { handlerComponent } from '../../scripts/testing/handler-component.ts';
import { Child } from './child.ts';
import { failureText } from './failure.ts';
import { Kept } from './kept.ts';
import { DEFAULT_LIMITS } from './limits.ts';
import { type FunctionRunner, openRunner } from './runner.ts';

const MEBIBYTE = 1024 * 1024;

describe('a component that answers HTTP', function () {
  this.timeout(300_000);
  let runner: FunctionRunner;

  before(async () => {
    const limits = { timeoutMs: 10_000, memoryBytes: 128 * MEBIBYTE, outputBytes: 4 * MEBIBYTE };
    runner = await openRunner([{ name: 'handler.wasm', bytes: await handlerComponent() }], limits);
  });
  after(() => runner?.close());

  const said = async (mode: string, more = ''): Promise<string> => {
    const result = await runner.run(0, `${more}mode: ${mode}\nkind: ResourceList # ünï\n`);
    return result.kind === 'ok' ? result.output : `${result.failure.kind}: ${failureText(result.failure)}`;
  };

  it('gets the list and gives one back', async () => {
    expect(runner.abis).to.deep.equal(['wasi-http']);
    expect(await said('identity')).to.equal('mode: identity\nkind: ResourceList # ünï\n');
  });
  it('is asked by POST / in the form of the list', async () => {
    expect(await said('request')).to.equal('POST / application/yaml');
    expect(await said('request', '{\n')).to.equal('POST / application/json');
  });
  it('fails by its status, and the body is the message', async () => {
    expect(await said('fail')).to.equal('httpStatus: the namespace is missing');
    expect(await said('wordless')).to.equal('httpStatus: answered HTTP 503');
  });
  it('answers without end', async () => {
    expect(await said('output')).to.equal('outputTooLarge: output too large: the limit is 4 MiB');
  });
  it('takes more memory than it may', async () => {
    expect(await said('memory')).to.equal('outOfMemory: out of memory: the limit is 128 MiB (--memory)');
  });
  it('loops', async () => expect(await said('loop')).to.equal('timedOut: timed out after 10s (--timeout)'));
  it('escapes by none of its attempts', async () => {
    const lines = (await said('escape')).trim().split('\n');
    expect(lines.filter((line) => !line.endsWith(': contained'))).to.deep.equal([]);
    expect(lines.length).to.be.greaterThan(20);
  });
});

/** What if jco could be brought to write a component's own text into its JavaScript? */
describe('the JavaScript of a component', () => {
  const attempts: readonly (readonly [string, string])[] = [
    ['process', 'globalThis.process ?? undefined'],
    ['require', "typeof require === 'function' ? 'it' : undefined"],
    ['a host object', "typeof console === 'object' ? 'console' : undefined"],
    ['timers', "typeof setTimeout === 'function' ? 'setTimeout' : undefined"],
    ['fetch', "typeof fetch === 'function' ? 'fetch' : undefined"],
    ['eval', "eval('1')"],
    ['Function', "Function('return 1')()"],
    ['the constructor of an import', "imports['wasi:cli/stdout'].getStdout.constructor('return process')()"],
    ['the constructor of a class', "TextDecoder.constructor.constructor('return process')()"],
    [
      'the constructor of a stream',
      "imports['wasi:cli/stdout'].getStdout().constructor.constructor('return process')()",
    ],
    ['the constructor of the loader', "getCoreModule.constructor('return process')()"],
    ['an async constructor', "(async () => {}).constructor('return process')()"],
    ['a generator constructor', "(function* () {}).constructor('return 1')()"],
    ['the caller', 'getCoreModule.caller ?? undefined'],
    [
      'what is thrown by the host',
      "(() => { try { imports['x'].y(); } catch (e) { return e.constructor.constructor('return process')(); } })()",
    ],
    [
      'prototypes of the host, poisoned',
      "(() => { Object.getPrototypeOf(imports['wasi:cli/stdout'].getStdout()).write = () => {}; return undefined; })()",
    ],
  ];

  it('finds the language and nothing else', async () => {
    const tries = attempts.map(
      ([name, code]) =>
        `try { const got = ${code}; say(${JSON.stringify(name)} + (got === undefined ? ': contained' : ': ESCAPED ' + typeof got)); } catch (e) { say(${JSON.stringify(name)} + ': contained'); }`,
    );
    const text = `export function instantiate(getCoreModule, imports) {
      const lines = [];
      const say = (line) => lines.push(line);
      const stdout = imports['wasi:cli/stdout'].getStdout();
      const write = stdout.write.bind(stdout);
      const run = () => { ${tries.join('\n')}; write(new TextEncoder().encode(lines.join('\\n'))); };
      return { run: { run } };
    }`;
    const body = Buffer.from(text);
    const child = await Child.open(DEFAULT_LIMITS);
    try {
      const files = [{ name: 'guest.js', size: body.length }];
      await child.exchange({ kind: 'module', id: 'x', abi: 'wasi-cli', files }, body, new Kept(0), 10_000);
      const call = { kind: 'run', id: 'x', outputBytes: MEBIBYTE, memoryBytes: MEBIBYTE };
      const exchange = await child.exchange(call, Buffer.alloc(0), new Kept(0), 10_000);
      if (exchange.kind === 'none') throw new Error(failureText(exchange.failure));
      expect(exchange.frame.body.toString().split('\n')).to.deep.equal(attempts.map(([name]) => `${name}: contained`));
    } finally {
      await child.close();
    }
  });

  for (const text of [
    "import fs from 'node:fs';\nexport function instantiate() {}",
    'export function instantiate() { return { run: { run: () => import("node:fs") } } }\nexport const other = 1;',
    'no JavaScript',
  ]) {
    it(`refuses what jco would not write: ${text.split('\n')[0]}`, async () => {
      const body = Buffer.from(text);
      const child = await Child.open(DEFAULT_LIMITS);
      try {
        const files = [{ name: 'guest.js', size: body.length }];
        const exchange = await child.exchange(
          { kind: 'module', id: 'x', abi: 'wasi-cli', files },
          body,
          new Kept(0),
          10_000,
        );
        expect(exchange.kind === 'answer' ? exchange.frame.head['kind'] : exchange.kind).to.equal('refused');
      } finally {
        await child.close();
      }
    });
  }
});
