import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { V1Deployment, V1Namespace, V1Node } from '@kubernetes/client-node';
import { expect } from 'chai';
import { EXIT } from '../src/cli/exit.ts';
import { bundledKwasm, type Kwasm, type Said } from './harness/cli.ts';
import { difference, hostState } from './harness/host-state.ts';
import { NAMESPACE } from './harness/namespace.ts';
import { ownImages, RELEASE, SHORT_PROOF } from './harness/release.ts';
import { type TestCluster, testCluster } from './harness/test-cluster.ts';

/** A release's whole life by `kwasm install`, `upgrade` and `uninstall`, and what its nodes notice of it: nothing, until it is to go from them. */
describe('kwasm install, upgrade, uninstall', function () {
  this.timeout(600_000);
  let test: TestCluster;
  let kwasm: Kwasm;
  let node: string;
  let stateBefore: readonly string[];

  before(async () => {
    test = await testCluster();
    const [first] = test.nodes;
    if (first === undefined) throw new Error('the cluster has no node');
    node = first.name;
    stateBefore = await hostState(test.exec(node));
    kwasm = await bundledKwasm(test);
  });

  after(async () => {
    await kwasm.run('uninstall', '--nodes', '--timeout', '5m');
    await test.kubectl.run(['annotate', 'node', '--all', 'kwasm.sh/kwasm-node-']);
    await test.kubectl.run(['delete', 'namespace', NAMESPACE, '--ignore-not-found', '--wait=true', '--timeout=90s']);
    kwasm.remove();
  });

  const values = () => [
    ...ownImages(test).flatMap((value) => ['--set', value]),
    ...SHORT_PROOF.flatMap((value) => ['--set-string', value]),
  ];

  function ended({ exitCode, out, err }: Said, code: number): void {
    expect(exitCode, `${out}\n${err}`).to.equal(code);
    if (code !== EXIT.ok) expect(`${out}${err}`, 'no stack traces').not.to.match(/\n\s+at .*[:)]\d+/);
  }

  /** The operator's Deployment, if there is one. */
  async function deployment(): Promise<V1Deployment | undefined> {
    const found = await test.kubectl.get<{ items: V1Deployment[] }>(['deployments', '-n', NAMESPACE]);
    return found.items.find(({ metadata }) => metadata?.name === RELEASE);
  }

  async function namespaces(): Promise<readonly string[]> {
    const { items } = await test.kubectl.get<{ items: V1Namespace[] }>(['namespaces']);
    return items.map(({ metadata }) => metadata?.name ?? '');
  }

  /** When containerd was started: what nobody restarted has not changed. */
  const started = () => test.exec(node)(['systemctl', 'show', 'containerd', '-p', 'ExecMainStartTimestampMonotonic']);

  it('upgrade and uninstall say that there is nothing yet', async () => {
    for (const [verb, todo] of [
      ['upgrade', 'kwasm install'],
      ['uninstall', 'nothing to remove'],
    ] as const) {
      const said = await kwasm.run(verb);
      ended(said, EXIT.notFound);
      expect(said.err).to.contain(todo);
    }
  });

  it('values that are wrong are told before anything is made', async () => {
    const file = join(kwasm.directory, 'values.yaml');
    const wrong = async (...flags: readonly string[]) => {
      const said = await kwasm.run('install', ...values(), ...flags);
      ended(said, EXIT.failed);
      expect(said.err).to.contain('its own words are above');
      return said.err;
    };
    expect(await wrong('-f', file)).to.contain('values.yaml: no such file');
    writeFileSync(file, 'kwasmOperator:\n  rolout: {}\n');
    expect(await wrong('-f', file)).to.contain("additional properties 'rolout' not allowed");
    expect(await wrong('--set', 'imageRegistry=')).to.contain('the images are not published yet');
    expect(await namespaces()).not.to.include(NAMESPACE);
  });

  it('install --dry-run changes nothing, on either side', async () => {
    for (const how of ['--dry-run', '--dry-run=server']) {
      const said = await kwasm.run('install', ...values(), how);
      ended(said, EXIT.ok);
      expect(said.out).to.contain('kind: Deployment').and.to.contain('A dry run: nothing was changed.');
    }
    expect(await namespaces()).not.to.include(NAMESPACE);
  });

  it('install makes a namespace that allows the installer, and a second one says what to do', async () => {
    const said = await kwasm.run('install', ...values());
    ended(said, EXIT.ok);
    expect(said.out).to.contain('kwasm node enable NODE --wait');
    const { metadata } = await test.kubectl.get<V1Namespace>(['namespace', NAMESPACE]);
    expect(metadata?.labels).to.include({ 'pod-security.kubernetes.io/enforce': 'privileged' });
    expect((await deployment())?.status?.readyReplicas).to.equal(1);
    for (const flags of [[], ['-n', 'elsewhere']]) {
      const second = await kwasm.run('install', ...values(), ...flags);
      ended(second, EXIT.unfit);
      expect(second.err).to.match(/kwasm\/kwasm-operator \S+ is installed already\. `kwasm upgrade`/);
    }
    expect(await namespaces()).not.to.include('elsewhere');
  });

  it('upgrade takes new values and keeps the others, and no node notices', async () => {
    ended(await kwasm.run('node', 'enable', node, '--wait'), EXIT.ok);
    const [before, uid] = [await started(), (await deployment())?.metadata?.uid];
    const changed = ['--set', 'podAnnotations.story=changed', '--set', 'kwasmOperator.rollout.maxParallel=2'];
    ended(await kwasm.run('upgrade', ...changed, '--dry-run'), EXIT.ok);
    expect((await deployment())?.spec?.template.metadata?.annotations).not.to.have.property('story');
    ended(await kwasm.run('upgrade', ...changed), EXIT.ok);
    const after = await deployment();
    expect(after?.metadata?.uid).to.equal(uid);
    expect(after?.spec?.template.metadata?.annotations).to.include({ story: 'changed' });
    expect(after?.spec?.template.spec?.containers[0]?.image).to.contain(test.images.registry);
    ended(await kwasm.run('status'), EXIT.ok);
    expect(await started()).to.equal(before);
  });

  it('uninstall leaves nodes serving, says so, and the next install finds them ready', async () => {
    const before = await started();
    const dry = await kwasm.run('uninstall', '--dry-run');
    ended(dry, EXIT.ok);
    expect(dry.out).to.contain('A dry run: nothing was changed.');
    expect(await deployment()).not.to.equal(undefined);
    const said = await kwasm.run('uninstall');
    ended(said, EXIT.ok);
    expect(said.out).to.contain(`Nodes stay as they are, serving: ${node}.`).and.to.contain('--nodes');
    expect(await deployment()).to.equal(undefined);
    const { metadata } = await test.kubectl.get<V1Node>(['node', node]);
    expect(metadata?.labels).to.include({ 'runtime.kwasm.sh/wasmtime': 'true' });
    ended(await kwasm.run('install', ...values()), EXIT.ok);
    ended(await kwasm.run('status', '--watch'), EXIT.ok);
    expect(await started()).to.equal(before);
  });

  it('uninstall --nodes takes everything off first', async () => {
    const dry = await kwasm.run('uninstall', '--nodes', '--dry-run');
    ended(dry, EXIT.ok);
    expect(dry.out).to.contain(`First would be taken off ${node}`);
    const said = await kwasm.run('uninstall', '--nodes', '--timeout', '5m');
    ended(said, EXIT.ok);
    expect(await deployment()).to.equal(undefined);
    expect(difference(stateBefore, await hostState(test.exec(node)))).to.deep.equal([]);
    const { metadata, status } = await test.kubectl.get<V1Node>(['node', node]);
    expect(Object.keys(metadata?.labels ?? {}).filter((key) => key.includes('kwasm'))).to.deep.equal([]);
    expect(status?.conditions?.map(({ type }) => type)).not.to.include('KwasmReady');
    ended(await kwasm.run('uninstall', '--nodes'), EXIT.notFound);
  });
});
