import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { goGuest } from '../../../scripts/testing/go-guest.ts';
import { type FunctionRunner, openRunner } from '../../wasm/runner.ts';
import { listFromText } from './input.ts';
import { type PipelineRules, type PipelineStep, runPipeline } from './pipeline.ts';

/** What is made of each thing a function can do wrong. The guests are real, and so is their process. */
const list = (mode: string): string =>
  `apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems:\n- apiVersion: v1\n  kind: ConfigMap\n  metadata:\n    name: a\n  data:\n    mode: ${mode}\n`;

describe('a pipeline of functions', function () {
  this.timeout(300_000);
  let runner: FunctionRunner;

  before(async function () {
    const paths = [goGuest('modes', { goos: 'js' }), goGuest('modes', { goos: 'wasip1' })];
    const modules = paths.flatMap((path) => (path === undefined ? [] : [{ name: path, bytes: readFileSync(path) }]));
    if (modules.length < paths.length) return this.skip();
    runner = await openRunner(modules);
  });
  after(() => runner?.close());

  async function run(mode: string, abi: 'js' | 'wasi', rules: Partial<PipelineRules> = {}) {
    const steps: PipelineStep[] = [];
    const { run: call, abis } = runner;
    const index = abi === 'js' ? 0 : 1;
    const one = {
      abis: abis.slice(index),
      run: (_: number, input: string) => call.bind(runner)(index, input),
      close: async () => {},
    };
    const input = listFromText(list(mode), 'the test', undefined);
    const all = { allowEmpty: false, failOnErrorResults: false, ...rules };
    const output = await runPipeline(one, [abi], input, all, (step) => steps.push(step));
    return { output: output?.text, step: steps[0], failure: steps[0]?.failure };
  }

  const failures: readonly {
    readonly mode: string;
    readonly abi: 'js' | 'wasi';
    readonly exitCode: number;
    readonly says: RegExp;
    readonly hint?: string;
  }[] = [
    { abi: 'js', mode: 'exit7', exitCode: 7, says: /^exited with code 7$/ },
    { abi: 'wasi', mode: 'exit7', exitCode: 7, says: /^exited with code 7$/ },
    { abi: 'js', mode: 'panic', exitCode: 2, says: /^exited with code 2$/ },
    { abi: 'wasi', mode: 'panic', exitCode: 2, says: /^exited with code 2$/ },
    { abi: 'js', mode: 'fail', exitCode: 1, says: /^the namespace is missing$/ },
    { abi: 'js', mode: 'exit0', exitCode: 1, says: /^exited before returning a list$/ },
    { abi: 'wasi', mode: 'exit0', exitCode: 1, says: /^returned no ResourceList: nothing$/ },
    { abi: 'js', mode: 'garbage', exitCode: 1, says: /^returned no ResourceList: .*no list at all: \[$/ },
    { abi: 'wasi', mode: 'garbage', exitCode: 1, says: /^returned no ResourceList: / },
    {
      abi: 'wasi',
      mode: 'noise',
      exitCode: 1,
      says: /^returned no ResourceList: /,
      hint: 'stdout is for the list alone: log to stderr',
    },
    { abi: 'js', mode: 'empty', exitCode: 1, says: /^returned no items where it got 1; .*--allow-empty$/ },
    {
      abi: 'js',
      mode: 'nameless',
      exitCode: 1,
      says: /^output resource list must contain only KRM resources: item 0 /,
    },
    {
      abi: 'js',
      mode: 'number',
      exitCode: 1,
      says: /^returned no ResourceList: processResourceList returned 7, not text$/,
    },
  ];
  for (const { mode, abi, exitCode, says, hint } of failures) {
    it(`${mode} (${abi}): ${says.source}`, async () => {
      const { output, failure } = await run(mode, abi);
      expect(output).to.equal(undefined);
      expect(failure?.message).to.match(says);
      expect(failure?.exitCode).to.equal(exitCode);
      if (hint !== undefined) expect(failure?.hint).to.equal(hint);
    });
  }

  it('what processResourceListErrors says is a result, too', async () => {
    const { step } = await run('fail', 'js');
    expect(step?.results).to.deep.equal([{ severity: 'error', message: 'the namespace is missing' }]);
  });

  it('a list as JSON, which kpt took for an empty one, is a list', async () => {
    expect((await run('json', 'js')).output).to.match(/^\{"apiVersion"/);
  });

  it('a result of severity error is shown, and fails where that is asked for', async () => {
    const shown = await run('result', 'js');
    expect([shown.failure, shown.step?.results]).to.deep.equal([
      undefined,
      [{ severity: 'error', message: 'replicas are odd' }],
    ]);
    const strict = await run('result', 'wasi', { failOnErrorResults: true });
    expect([strict.output, strict.failure?.message]).to.deep.equal([undefined, 'replicas are odd']);
  });

  it('may return nothing where that is asked for', async () => {
    expect((await run('empty', 'wasi', { allowEmpty: true })).output).to.contain('items: []');
  });
});
