import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { command } from '../../scripts/cluster/command.ts';
import { root } from '../../scripts/testing/mocha.ts';
import { toolchain } from '../../scripts/toolchain/toolchain.ts';
import { EXIT } from '../../src/cli/exit.ts';
import { bundledKwasm, type Kwasm } from '../harness/cli.ts';
import { eventually } from '../harness/eventually.ts';
import { type TestCluster, testCluster } from '../harness/test-cluster.ts';
import { WORKLOADS } from '../harness/workloads.ts';

const SERVING = 'knative.dev/serving@v0.45.0';
const CRD = 'services.serving.knative.dev';

interface KnativeService {
  readonly metadata: { readonly annotations: Readonly<Record<string, string>>; readonly generation: number };
  readonly spec: {
    readonly template: {
      readonly spec: {
        readonly runtimeClassName?: string;
        readonly containers: readonly { readonly image: string; readonly env: readonly object[] }[];
      };
    };
  };
}

/**
 * `--deployer knative` against Knative's own schema and a real API server. Knative's controllers are not here (they are images): what they
 * would write, the story writes into the status.
 */
describe('kwasm func deploy --deployer knative', function () {
  this.timeout(300_000);
  let test: TestCluster;
  let kwasm: Kwasm;

  before(async () => {
    test = await testCluster();
    kwasm = await bundledKwasm(test);
    await kwasm.run('func', 'create', '-l', 'js-wasi', 'hello');
    symlinkSync(join(root, 'node_modules'), join(kwasm.directory, 'hello/node_modules'));
  });

  after(async () => {
    await test.kubectl.run(['delete', 'crd', CRD, '--ignore-not-found', '--timeout=60s']);
    kwasm.remove();
  });

  const deploy = async (...more: readonly string[]) =>
    await kwasm.run(
      ...['func', 'deploy', '--path', 'hello', '--deployer', 'knative', '--image', test.fixtures.component],
      ...more,
    );

  it('says what is missing where Knative is not there', async () => {
    const said = await deploy();
    expect(said.exitCode, said.err).to.equal(EXIT.notFound);
    expect(said.err).to.contain('Knative Serving is not in this cluster').and.to.contain('--deployer wasm');
  });

  it('makes a Knative Service that its schema takes whole, and waits for it', async () => {
    await test.kubectl.run(['apply', '--server-side', '-f', await knativeCrd()]);
    await test.kubectl.run(['wait', '--for=condition=Established', `crd/${CRD}`, '--timeout=60s']);
    const said = await deploy('--timeout', '2s', '--runtime-class', 'wasmtime', '-e', 'GREETING=hello');
    expect(said.exitCode, said.err).to.equal(EXIT.timeout);
    expect(said.err).to.contain('run: kubectl describe ksvc/hello -n default');
    const { metadata, spec } = await test.kubectl.get<KnativeService>([CRD, '-n', WORKLOADS, 'hello']);
    expect(metadata.annotations).to.include({ 'function.knative.dev/deployer': 'knative' });
    expect(spec.template.spec.runtimeClassName).to.equal('wasmtime');
    const [container] = spec.template.spec.containers;
    expect(container?.image).to.equal(test.fixtures.component);
    expect(container?.env).to.deep.equal([
      { name: 'GREETING', value: 'hello' },
      { name: 'WASI_CONFIG', value: '{}' },
    ]);
  });

  it('prints its URL once Knative says that it is ready; lists and deletes it as any other', async () => {
    const waiting = deploy('--timeout', '60s');
    await eventually('it is applied', 30_000, async () => {
      const { metadata } = await test.kubectl.get<KnativeService>([CRD, '-n', WORKLOADS, 'hello']);
      const status = {
        observedGeneration: metadata.generation,
        conditions: [{ type: 'Ready', status: 'True' }],
        url: 'http://hello.default.example.com',
      };
      const patch = JSON.stringify({ status });
      await test.kubectl.run([
        'patch',
        CRD,
        '-n',
        WORKLOADS,
        'hello',
        '--subresource=status',
        '--type=merge',
        '-p',
        patch,
      ]);
      return true;
    });
    const said = await waiting;
    expect(said.exitCode, said.err).to.equal(EXIT.ok);
    expect(said.out).to.equal('http://hello.default.example.com');
    expect((await kwasm.run('func', 'list')).out).to.match(/^hello +default +js-wasi +knative +http:\S+ +True$/m);
    const gone = await kwasm.run('func', 'delete', 'hello');
    expect(gone.out, gone.err).to.contain('deleted Service hello');
  });
});

/** Of the module's own archive, which Go verifies. */
async function knativeCrd(): Promise<string> {
  const dir = mkdtempSync(join(tmpdir(), 'kwasm-knative-'));
  try {
    writeFileSync(join(dir, 'go.mod'), 'module none\n\ngo 1.24\n');
    const go = await toolchain('go', { version: '1.24', say: () => {}, signal: undefined });
    const { file, args, cwd, env } = go.command(['mod', 'download', '-json', SERVING], { cwd: dir, writable: [dir] });
    const stdout = await command(file, args, { cwd, env, timeoutMs: 180_000 });
    return join(JSON.parse(stdout).Dir, 'config/core/300-resources/service.yaml');
  } finally {
    rmSync(dir, { recursive: true });
  }
}
