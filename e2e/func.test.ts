import { appendFileSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { V1Pod } from '@kubernetes/client-node';
import { expect } from 'chai';
import { root } from '../scripts/testing/mocha.ts';
import { EXIT } from '../src/cli/exit.ts';
import type { Kwasm, Said } from './harness/cli.ts';
import { eventually } from './harness/eventually.ts';
import { type FuncCluster, funcCluster } from './harness/func-cluster.ts';
import { podUsage } from './harness/pod-usage.ts';
import type { TestCluster } from './harness/test-cluster.ts';
import { WORKLOADS } from './harness/workloads.ts';

const SERVICE_LABEL = 'serving.knative.dev/service';

/** From an empty directory to a URL on the nodes that were provisioned, and off again. */
describe('kwasm func, on a cluster', function () {
  this.timeout(600_000);
  let cluster: FuncCluster | undefined;
  let test: TestCluster;
  let kwasm: Kwasm;
  let host = '';
  let registry: readonly string[];
  let pushed = '';
  let first = '';

  before(async () => {
    cluster = await funcCluster();
    ({ test, kwasm, host, registry } = cluster);
  });
  after(async () => await cluster?.remove());

  function ended({ exitCode, out, err }: Said, code: number): void {
    expect(exitCode, `${out}\n${err}`).to.equal(code);
    expect(`${out}${err}`, 'no stack traces').not.to.match(/\n\s+at .*[:)]\d+/);
  }

  async function create(name: string, language: string): Promise<string> {
    ended(await kwasm.run('func', 'create', '-l', language, name), EXIT.ok);
    // Its own `npm install`, of the same packages.
    symlinkSync(join(root, 'node_modules'), join(kwasm.directory, name, 'node_modules'));
    return join(kwasm.directory, name);
  }

  /** What containerd keeps of the function's layer, by containerd-shim-wasm's label. */
  async function machineCode(): Promise<readonly string[]> {
    const stored = await test.exec(test.nodes[0]?.name ?? '')(['ctr', '-n', 'k8s.io', 'content', 'ls']);
    const made = stored.split('\n').filter((line) => /runwasi\.io\/precompiled\/wasmtime\/\d+\/original=/.test(line));
    return made.map((line) => line.split(/\s/, 1)[0] ?? '');
  }

  async function imageOf(name: string): Promise<string> {
    const said = await kwasm.run('func', 'describe', name, '-o', 'json');
    ended(said, EXIT.ok);
    return JSON.parse(said.out).image;
  }

  it('deploy asks for an image or a registry, and touches nothing without', async () => {
    await create('hello', 'ts-wasi');
    const said = await kwasm.run('func', 'deploy', '--path', 'hello');
    ended(said, EXIT.usage);
    expect(said.err).to.contain('no image reference configured');
  });

  it('build --push: is in the registry, and says as what', async () => {
    const said = await kwasm.run('func', 'build', '--path', 'hello', '--push', ...registry);
    ended(said, EXIT.ok);
    expect(said.out).to.match(/^built \S+function\.wasm$/m);
    pushed = /^image (\S+)$/m.exec(said.out)?.[1] ?? '';
    expect(pushed).to.match(new RegExp(`^${test.images.registry}/hello:latest@sha256:[0-9a-f]{64}$`));
  });

  it('deploy: takes what was built and pushed, waits, and prints a URL that answers', async () => {
    const said = await kwasm.run('func', 'deploy', '--path', 'hello', ...registry, '--timeout', '5m');
    ended(said, EXIT.ok);
    expect(said.err).to.contain('unchanged: ').and.to.contain('already in the registry: ');
    expect(said.out.trim()).to.equal(`http://hello.${WORKLOADS}.svc.cluster.local`);
    expect(said.err).to.contain('Deploying: ');
    const answer = await kwasm.run('func', 'invoke', 'hello', '--request-path', '/a?b=c');
    ended(answer, EXIT.ok);
    expect(answer.out).to.equal('Hello from WASI! Path: /a');
    first = await imageOf('hello');
    expect(first).to.equal(pushed);
  });

  it('list, describe and logs, as it was labelled for func', async () => {
    const list = await kwasm.run('func', 'list', '-A');
    ended(list, EXIT.ok);
    expect(list.out).to.match(
      /NAME +NAMESPACE +RUNTIME +DEPLOYER +URL +READY\nhello +default +ts-wasi +wasm +http:\S+ +True/,
    );
    const described = await kwasm.run('func', 'describe', '--path', 'hello');
    ended(described, EXIT.ok);
    expect(described.out)
      .to.match(/Deployer: +wasm\nRoute: +http:\S+/)
      .and.to.contain('boson.dev/function=true')
      .and.to.match(/Ready: +True\nReason: +Serving/);
    ended(await kwasm.run('func', 'logs', 'hello'), EXIT.ok);
  });

  it('the node has compiled it ahead of its pods, once for all of them', async () => {
    const compiled = await machineCode();
    expect(compiled).not.to.deep.equal([]);
    await test.kubectl.run(['delete', 'pod', '-n', WORKLOADS, '-l', `${SERVICE_LABEL}=hello`, '--timeout=60s']);
    await test.kubectl.run(['rollout', 'status', '-n', WORKLOADS, 'deployment/hello', '--timeout=60s']);
    ended(await kwasm.run('func', 'invoke', 'hello'), EXIT.ok);
    expect(await machineCode()).to.deep.equal(compiled);
  });

  it('its pods map the machine code of the node, 34 MB, and have no copy of their own', async () => {
    const selector = ['-l', `${SERVICE_LABEL}=hello`, '--field-selector', 'status.phase=Running'];
    const { items } = await test.kubectl.get<{ items: V1Pod[] }>(['pods', '-n', WORKLOADS, ...selector]);
    const serving = items.filter(({ metadata }) => metadata?.deletionTimestamp === undefined);
    expect(serving).to.have.length(1);
    const { anonBytes } = await podUsage(test.exec(test.nodes[0]?.name ?? ''), serving[0]?.metadata?.uid ?? '');
    expect(anonBytes).to.be.below(16 * 1024 * 1024);
  });

  it('a change: the URL answers the new version moments after deploy has ended, from a new digest', async () => {
    const file = join(kwasm.directory, 'hello/src/handler.ts');
    const changed = readFileSync(file, 'utf8')
      .replace('(request: Request)', "(request: Request, { args } = { args: [''] })")
      .replace('Hello from WASI!', 'Hello $${args.join()}!');
    writeFileSync(file, changed);
    appendFileSync(join(kwasm.directory, 'hello/func.yaml'), 'run:\n  args: [again]\n');
    const said = await kwasm.run('func', 'deploy', '--path', 'hello', '--plain-http', host, '--timeout', '5m');
    ended(said, EXIT.ok);
    // The old pod is on its way out when deploy ends; endpoints and proxies follow within moments.
    await eventually('the new version at the URL', 15_000, async (seen) => {
      const { out } = await kwasm.run('func', 'invoke', 'hello');
      seen(out);
      return out === 'Hello again! Path: /' ? true : undefined;
    });
    expect(await imageOf('hello')).not.to.equal(first);
  });

  it('nothing changed: no new build, no new pod', async () => {
    const pods = async () =>
      (await test.kubectl.get<{ items: V1Pod[] }>(['pods', '-n', WORKLOADS, '-l', `${SERVICE_LABEL}=hello`])).items
        .filter(({ metadata }) => metadata?.deletionTimestamp === undefined)
        .map(({ metadata }) => metadata?.name);
    const before = await pods();
    const said = await kwasm.run('func', 'deploy', '--path', 'hello', '--plain-http', host);
    ended(said, EXIT.ok);
    expect(said.err).to.contain('unchanged: ').and.to.contain('already in the registry');
    expect(await pods()).to.deep.equal(before);
  });

  it('what cannot work ends the wait, with the reason and the last words of its pod', async () => {
    appendFileSync(
      join(await create('broken', 'js-wasi'), 'func.yaml'),
      'run:\n  args: ["stderr:there is no database", "exit:3"]\n',
    );
    const said = await kwasm.run(
      'func',
      'deploy',
      '--path',
      'broken',
      '--image',
      test.fixtures.module,
      '--timeout',
      '5m',
    );
    ended(said, EXIT.unfit);
    expect(said.err, said.err)
      .to.match(/reason=(CrashLoopBackOff|Error): /)
      .and.to.match(/ \| .*there is no database/);
    ended(await kwasm.run('func', 'delete', 'broken'), EXIT.ok);
  });

  it('leaves alone what was not deployed as a function', async () => {
    await test.kubectl.apply({
      apiVersion: 'wasm.serving.knative.dev/v1alpha1',
      kind: 'WasmModule',
      metadata: { name: 'by-hand', namespace: WORKLOADS, annotations: { 'kwasm.sh/min-replicas': 'none' } },
      spec: { image: test.images.demo },
    });
    expect((await kwasm.run('func', 'list')).out).to.match(/^by-hand +default +- +- /m);
    for (const command of ['describe', 'delete']) {
      const said = await kwasm.run('func', command, 'by-hand');
      ended(said, EXIT.failed);
      expect(said.err).to.contain('not handled');
    }
    expect(await test.kubectl.run(['get', 'wasmmodule', '-n', WORKLOADS, 'by-hand', '-o', 'name'])).to.contain(
      'by-hand',
    );
  });

  it('delete: all of it is gone when it ends', async () => {
    const said = await kwasm.run('func', 'delete', '--path', 'hello');
    ended(said, EXIT.ok);
    expect(said.out.split('\n')).to.include.members([
      'deleted WasmModule hello',
      'deleted Deployment hello',
      'deleted Service hello',
      'deleted NetworkPolicy hello',
    ]);
    const left = await test.kubectl.run([
      'get',
      'all,networkpolicy',
      '-n',
      WORKLOADS,
      '-l',
      `${SERVICE_LABEL}=hello`,
      '-o',
      'name',
    ]);
    expect(left.trim()).to.equal('');
    const again = await kwasm.run('func', 'delete', 'hello');
    ended(again, EXIT.notFound);
  });
});
