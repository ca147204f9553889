import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { type GoBuild, goComponent, goGuest } from '../../scripts/testing/go-guest.ts';
import { failureText } from './failure.ts';
import type { Abi } from './module.ts';
import { type FunctionRunner, openRunner, type RunResult } from './runner.ts';

/** Guests of the real Go toolchain, in the real child process: each behaviour of the failure table, for each ABI. */
const list = (mode: string): string => `apiVersion: config.kubernetes.io/v1
kind: ResourceList
items:
- apiVersion: v1
  kind: ConfigMap
  metadata: {name: ünï}
  data:
    touched: +
    mode: ${mode}
`;

function said(result: RunResult): string {
  return result.kind === 'ok' ? `ok: ${result.output}` : `${result.failure.kind}: ${failureText(result.failure)}`;
}

const builds: readonly (GoBuild & { readonly abi: Abi })[] = [
  { goos: 'js', abi: 'go-js' },
  { goos: 'js', toolchain: 'go1.20.14', abi: 'go-js' },
  { goos: 'wasip1', abi: 'wasip1' },
  { goos: 'wasip1', abi: 'wasi-cli' },
];

for (const { abi, ...build } of builds) {
  const js = abi === 'go-js';
  // wasi:cli/exit of WASI 0.2 knows success and failure.
  const code = (wanted: number): number => (abi === 'wasi-cli' ? 1 : wanted);
  describe(`a function built by ${build.toolchain ?? 'Go'} as ${abi}`, function () {
    this.timeout(300_000);
    let path: string;
    let runner: FunctionRunner;

    before(async function () {
      const built = abi === 'wasi-cli' ? await goComponent('modes') : goGuest('modes', build);
      if (built === undefined) return this.skip();
      path = built;
      runner = await openRunner([{ name: 'modes.wasm', bytes: readFileSync(path) }], { timeoutMs: 20_000 });
    });
    after(() => runner?.close());

    // The adapter keeps its state in memory that Go takes for its own when its heap grows; see component.test.ts.
    const alone: typeof it | (() => void) = abi === 'wasi-cli' ? () => {} : it;
    const call = (mode: string): Promise<RunResult> => runner.run(0, list(mode));

    it('is known by its bytes', () => expect(runner.abis).to.deep.equal([abi]));

    it('may stand in a pipeline more than once', async () => {
      const bytes = readFileSync(path);
      const modules = [bytes, bytes, Buffer.from(bytes)].map((its, i) => ({ name: `${i}.wasm`, bytes: its }));
      const several = await openRunner(modules, { timeoutMs: 20_000 });
      try {
        for (const i of modules.keys())
          expect(said(await several.run(i, list('identity')))).to.equal(`ok: ${list('identity')}`);
      } finally {
        await several.close();
      }
    });

    it('gets the list and gives one back, byte for byte', async () => {
      const result = await call('identity');
      expect(said(result)).to.equal(`ok: ${list('identity')}`);
    });

    it('waits with its own timers', async () => expect(said(await call('sleep'))).to.equal(`ok: ${list('sleep')}`));

    it('has its stderr kept', async () => {
      const { stderr } = await call('warn');
      expect(stderr).to.equal('one thing to know\n');
    });

    it('may print: for js that is no part of the list', async () => {
      const result = await call('noise');
      expect(said(result)).to.equal(`ok: ${js ? '' : 'printed to stdout\n'}${list('noise')}`);
      expect(result.stderr).to.equal(js ? 'printed to stdout\n' : '');
    });

    it('keeps its exit code', async () => {
      const result = await call('exit7');
      expect(said(result)).to.equal(`nonZeroExit: exited with code ${code(7)}`);
      expect(result.exitCode).to.equal(code(7));
      expect(result.stderr).to.contain('leaving with seven');
    });

    it('panics, and its traceback is all that is shown', async () => {
      const result = await call('panic');
      expect(said(result)).to.equal(`nonZeroExit: exited with code ${code(2)}`);
      expect(result.exitCode).to.equal(code(2));
      expect(result.stderr).to.contain('panic: a bug in the function').and.to.not.contain('TypeError');
    });

    it('leaves before it returned a list', async () => {
      expect(said(await call('exit0'))).to.equal(js ? 'exitedBeforeReturning: exited before returning a list' : 'ok: ');
    });

    it('prints without end: the beginning and the end are kept', async () => {
      const { stderr } = await call('flood');
      expect(stderr.length).to.be.lessThan(70_000);
      expect(stderr).to.contain('line 0 of many').and.to.contain('line 7999 of many').and.to.contain('bytes left out');
    });

    alone('returns too much', async () => {
      expect(said(await call('output'))).to.equal('outputTooLarge: output too large: the limit is 64 MiB');
    });

    alone('takes more memory than it may', async () => {
      expect(said(await call('memory'))).to.equal('outOfMemory: out of memory: the limit is 512 MiB (--memory)');
    });

    it('is found to have failed by its own word', async () => {
      const result = await call('fail');
      if (js) expect(said(result)).to.equal('reported: the namespace is missing');
      else expect([result.exitCode, result.stderr]).to.deep.equal([1, 'the namespace is missing\n']);
    });

    alone('escapes by none of its attempts', async () => {
      const result = await call('escape');
      if (result.kind !== 'ok') throw new Error(said(result) + result.stderr);
      const lines = result.output.trim().split('\n');
      expect(lines.filter((line) => !line.endsWith(': contained'))).to.deep.equal([]);
      expect(lines.length).to.be.greaterThan(20);
    });

    it('loops, is ended, and the next call finds a new process', async () => {
      const short = await openRunner([{ name: 'modes.wasm', bytes: readFileSync(path) }], { timeoutMs: 4000 });
      try {
        const result = await short.run(0, list('loop'));
        expect(said(result)).to.equal('timedOut: timed out after 4s (--timeout)');
        expect(result.stderr).to.contain('before the loop');
        expect(said(await short.run(0, list('identity')))).to.equal(`ok: ${list('identity')}`);
      } finally {
        await short.close();
      }
    });

    if (abi === 'wasip1') {
      it('escapes by no call that has no meaning here', async () => {
        const result = await call('raw');
        if (result.kind !== 'ok') throw new Error(said(result) + result.stderr);
        expect(result.output).to.equal('sock_accept: contained\nsock_send: contained\nproc_raise: contained\n');
      });
    }

    if (js) {
      it('uses values as an honest program does', async () => {
        expect(said(await call('values'))).to.equal('ok: 1 true 2.5 3 bytes 144 true false 0 true 0');
      });
      it('returns what is no text', async () => {
        expect(said(await call('number'))).to.equal(
          'returnedNothing: returned no ResourceList: processResourceList returned 7, not text',
        );
      });
      it('waits for what cannot come', async () => {
        const result = await call('block');
        expect(result.exitCode).to.equal(2);
        expect(result.stderr).to.contain('all goroutines are asleep - deadlock!');
      });
      it('holds values without end', async () => {
        expect(said(await call('references'))).to.equal('outOfMemory: out of memory: the limit is 512 MiB (--memory)');
      });
    }
  });
}
