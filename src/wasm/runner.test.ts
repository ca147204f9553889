import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { goGuest } from '../../scripts/testing/go-guest.ts';
import { failureText } from './failure.ts';
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

for (const build of [{ goos: 'js' }, { goos: 'js', toolchain: 'go1.20.14' }, { goos: 'wasip1' }] as const) {
  const js = build.goos === 'js';
  describe(`a function built by ${'toolchain' in build ? build.toolchain : 'Go'} for ${build.goos}`, function () {
    this.timeout(300_000);
    let runner: FunctionRunner;

    before(async function () {
      const path = goGuest('modes', build);
      if (path === undefined) return this.skip();
      runner = await openRunner([{ name: 'modes.wasm', bytes: readFileSync(path) }], { timeoutMs: 20_000 });
    });
    after(() => runner?.close());

    const call = (mode: string): Promise<RunResult> => runner.run(0, list(mode));

    it('is known by its bytes', () => expect(runner.abis).to.deep.equal([js ? 'go-js' : 'wasip1']));

    it('gets the list and gives one back, byte for byte', async () => {
      const result = await call('identity');
      expect(said(result)).to.equal(`ok: ${list('identity')}`);
    });

    it('waits with its own timers', async () => expect(said(await call('sleep'))).to.equal(`ok: ${list('sleep')}`));

    it('has its stderr kept', async () => {
      const { stderr } = await call('warn');
      expect(stderr).to.equal(js ? 'main has begun\none thing to know\n' : 'one thing to know\n');
    });

    it('may print: for js that is no part of the list', async () => {
      const result = await call('noise');
      expect(said(result)).to.equal(`ok: ${js ? '' : 'printed to stdout\n'}${list('noise')}`);
    });

    it('keeps its exit code', async () => {
      const result = await call('exit7');
      expect(said(result)).to.equal('nonZeroExit: exited with code 7');
      expect(result.exitCode).to.equal(7);
      expect(result.stderr).to.contain('leaving with seven');
    });

    it('panics, and its traceback is all that is shown', async () => {
      const result = await call('panic');
      expect(said(result)).to.equal('nonZeroExit: exited with code 2');
      expect(result.exitCode).to.equal(2);
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

    it('returns too much', async () => {
      expect(said(await call('output'))).to.equal('outputTooLarge: output too large: the limit is 64 MiB');
    });

    it('takes more memory than it may', async () => {
      expect(said(await call('memory'))).to.equal('outOfMemory: out of memory: the limit is 512 MiB (--memory)');
    });

    it('is found to have failed by its own word', async () => {
      const result = await call('fail');
      if (js) expect(said(result)).to.equal('reported: the namespace is missing');
      else expect([result.exitCode, result.stderr]).to.deep.equal([1, 'the namespace is missing\n']);
    });

    it('escapes by none of its attempts', async () => {
      const result = await call('escape');
      if (result.kind !== 'ok') throw new Error(said(result) + result.stderr);
      const lines = result.output.trim().split('\n');
      expect(lines.filter((line) => !line.endsWith(': contained'))).to.deep.equal([]);
      expect(lines.length).to.be.greaterThan(20);
    });

    it('loops, is ended, and the next call finds a new process', async () => {
      const path = goGuest('modes', build);
      const short = await openRunner([{ name: 'modes.wasm', bytes: readFileSync(path ?? '') }], { timeoutMs: 1500 });
      try {
        const result = await short.run(0, list('loop'));
        expect(said(result)).to.equal('timedOut: timed out after 1500ms (--timeout)');
        expect(result.stderr).to.contain('before the loop');
        expect(said(await short.run(0, list('identity')))).to.equal(`ok: ${list('identity')}`);
      } finally {
        await short.close();
      }
    });

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
