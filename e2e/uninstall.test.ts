import type { V1Job, V1Node, V1RuntimeClass } from '@kubernetes/client-node';
import { expect } from 'chai';
import { eventually } from './harness/eventually.ts';
import { difference, hostState } from './harness/host-state.ts';
import { NAMESPACE } from './harness/namespace.ts';
import { conditionReason, kwasmCondition, provisioned } from './harness/nodes.ts';
import { helm, installRelease, RELEASE } from './harness/release.ts';
import { type TestCluster, testCluster } from './harness/test-cluster.ts';
import { answer, HELLO, podAddress, WORKLOADS, wasmDeployment } from './harness/workloads.ts';

/** What `helm uninstall` does about the nodes: nothing, unless cleanup.onUninstall says otherwise. */
describe('helm uninstall', function () {
  this.timeout(600_000);
  let test: TestCluster;
  let node: string;
  let stateBefore: readonly string[];

  before(async () => {
    test = await testCluster();
    const [first] = test.nodes;
    if (first === undefined) throw new Error('the cluster has no node');
    node = first.name;
    stateBefore = await hostState(test.exec(node));
    await installRelease(test);
    await test.kubectl.run(['annotate', 'node', node, 'kwasm.sh/kwasm-node=true']);
    await provisioned(test.kubectl, node);
    await test.kubectl.apply(...wasmDeployment('stays', test.fixtures.http, node));
    await answer(await url());
  });

  after(async () => {
    await test.kubectl.run(['delete', '-n', WORKLOADS, '--ignore-not-found', 'deployment/stays', 'service/stays']);
    await test.kubectl.run(['annotate', 'node', node, 'kwasm.sh/kwasm-node-']);
    await test.kubectl.run(['delete', 'namespace', NAMESPACE, '--ignore-not-found', '--wait=true', '--timeout=90s']);
  });

  it('leaves the nodes serving, by default', async () => {
    await uninstall();
    const { metadata } = await test.kubectl.get<V1Node>(['node', node]);
    expect(metadata?.labels).to.include({ 'runtime.kwasm.sh/wasmtime': 'true' });
    expect(await answer(await url(), 10_000)).to.equal(HELLO);
    await test.kubectl.run(['delete', 'pod', '-n', WORKLOADS, '-l', 'app=stays', '--wait=true']);
    expect(await answer(await url()), 'also a pod that starts afterwards').to.equal(HELLO);
  });

  it('fails in time where something cannot be taken off, says what, and leaves the release', async () => {
    await installRelease(test, ['cleanup.onUninstall=true', 'cleanup.deadlineSeconds=60']);
    const said = await uninstall().then(
      () => 'it succeeded',
      (error: unknown) => String(error),
    );
    expect(said).to.contain(`${RELEASE}-cleanup`);
    const log = await test.kubectl.run(['logs', '-n', NAMESPACE, `job/${RELEASE}-cleanup`]);
    expect(log).to.match(/Not everything is undone after 60 s/);
    expect(log).to.contain(`${node}: InUse: `).and.to.contain('stays-');
    console.log(log.replace(/^/gm, '      | '));
    expect(await helm(test, ['status', RELEASE, '--namespace', NAMESPACE])).to.contain(RELEASE);
    expect(await answer(await url(), 10_000), 'a pod that runs goes on').to.equal(HELLO);
    expect((await kwasmCondition(test.kubectl, node))?.reason, 'and the wish stands').to.equal('InUse');
  });

  it('can be taken back by deleting the Job: the node is provisioned again', async () => {
    await test.kubectl.run(['delete', 'job', '-n', NAMESPACE, `${RELEASE}-cleanup`, '--wait=true']);
    await conditionReason(test.kubectl, node, ['Provisioned']);
  });

  it('takes everything off first, waits for it, and nothing comes back', async () => {
    await test.kubectl.run(['delete', '-n', WORKLOADS, '--wait=true', 'deployment/stays', 'service/stays']);
    await test.kubectl.run(['wait', '-n', WORKLOADS, '--for=delete', 'pod', '-l', 'app=stays', '--timeout=60s']);
    const startMs = performance.now();
    await uninstall('300s');
    console.log(
      `      one node undone and the release gone after ${Math.round((performance.now() - startMs) / 1000)} s`,
    );
    const { metadata, status } = await test.kubectl.get<V1Node>(['node', node]);
    const ours = [...Object.keys(metadata?.labels ?? {}), ...Object.keys(metadata?.annotations ?? {})].filter((key) =>
      key.includes('kwasm.sh'),
    );
    expect(ours, 'what a person wrote stays').to.deep.equal(['kwasm.sh/kwasm-node']);
    expect(status?.conditions?.map(({ type }) => type)).not.to.include('KwasmReady');
    expect(difference(stateBefore, await hostState(test.exec(node)))).to.deep.equal([]);
    const classes = await test.kubectl.get<{ items: V1RuntimeClass[] }>(['runtimeclasses']);
    expect(classes.items.map(({ metadata: its }) => its?.name)).not.to.include('wasmtime');
    // Finished uninstall Jobs stay until their time to live is over: a rollout counts them.
    await eventually('every Job that is left has ended well, and none installs', 10_000, async (seen) => {
      const { items } = await test.kubectl.get<{ items: V1Job[] }>(['jobs', '-n', NAMESPACE]);
      seen(items.map(({ metadata: its, status: is }) => `${its?.name} ${JSON.stringify(is)}`).join('\n'));
      const installs = items.some(({ metadata: its }) => its?.labels?.['kwasm.sh/action'] === 'install');
      return !installs && items.every(({ status: is }) => is?.succeeded === 1) ? true : undefined;
    });
  });

  async function url(): Promise<string> {
    return `http://${await podAddress(test.kubectl, 'app=stays')}:8080/`;
  }

  function uninstall(timeout = '150s'): Promise<string> {
    return helm(test, ['uninstall', RELEASE, '--namespace', NAMESPACE, '--wait', `--timeout=${timeout}`]);
  }
});
