import type { V1Job, V1Pod, V1RuntimeClass, V1Service } from '@kubernetes/client-node';
import { expect } from 'chai';
import { registryWithInstaller } from './harness/derived-images.ts';
import { eventually } from './harness/eventually.ts';
import { difference, hostState } from './harness/host-state.ts';
import { NAMESPACE } from './harness/namespace.ts';
import { kwasmCondition, provisioned } from './harness/nodes.ts';
import { installRelease, removeRelease } from './harness/release.ts';
import { type TestCluster, testCluster } from './harness/test-cluster.ts';
import { type Traffic, watchTraffic } from './harness/traffic.ts';
import { answer, HELLO, podAddress, trafficPod, WORKLOADS, wasmDeployment } from './harness/workloads.ts';

/**
 * The story of the README: install the chart, annotate every node, run a Wasm Deployment, change one's mind. On every
 * containerd generation of the cluster, with ordinary traffic on the nodes all along.
 */
describe('a person provisions every node and takes it back', function () {
  this.timeout(600_000);
  let test: TestCluster;
  const stateBefore = new Map<string, readonly string[]>();
  const traffic = new Map<string, Traffic>();
  const containersBefore = new Map<string, string>();

  before(async () => {
    test = await testCluster();
    for (const { name } of test.nodes) {
      await test.kubectl.apply(trafficPod(`traffic-${name}`, test.images.operator, name));
      const ip = await podAddress(test.kubectl, `app=traffic-${name}`);
      await answer(`http://${ip}:8080/`, 60_000);
      stateBefore.set(name, await hostState(test.exec(name)));
      containersBefore.set(name, await trafficContainer(name));
      traffic.set(name, watchTraffic(`http://${ip}:8080/`));
    }
    await installRelease(test);
  });

  after(async () => {
    for (const client of traffic.values()) await client.stop();
    for (const { name } of test.nodes) {
      await test.kubectl.run([
        'delete',
        '-n',
        WORKLOADS,
        '--ignore-not-found',
        `deployment/hello-${name}`,
        `service/hello-${name}`,
      ]);
      await test.kubectl.run(['delete', '-n', WORKLOADS, '--ignore-not-found', '--wait=true', `pod/traffic-${name}`]);
    }
    await removeRelease(test);
  });

  /** The demo on one of them: its shim compiles a JavaScript engine first, which is the same work under every containerd. */
  const showsDemo = (node: string): boolean => node === test.nodes[0]?.name;
  const imageOn = (node: string): string => (showsDemo(node) ? test.images.demo : test.fixtures.http);
  const answerOf = (node: string): RegExp => (showsDemo(node) ? /WebAssembly/ : new RegExp(`^${HELLO}$`));

  async function trafficContainer(node: string): Promise<string> {
    const pod = await test.kubectl.get<V1Pod>(['pod', '-n', WORKLOADS, `traffic-${node}`]);
    const status = pod.status?.containerStatuses?.[0];
    return `${status?.containerID} restarts=${status?.restartCount}`;
  }

  it('annotate --all provisions every node, proved before it is labelled', async () => {
    await test.kubectl.run(['annotate', 'node', '--all', 'kwasm.sh/kwasm-node=true']);
    for (const { name } of test.nodes) {
      await provisioned(test.kubectl, name);
      const condition = await kwasmCondition(test.kubectl, name);
      expect(condition?.message).to.contain('wasmtime');
    }
  });

  it('made one Job a node, under the name KWasm gave it', async () => {
    const { items } = await test.kubectl.get<{ items: V1Job[] }>(['jobs', '-n', NAMESPACE, '-l', 'kwasm.sh/job=true']);
    expect(items.map(({ metadata }) => metadata?.name).sort()).to.deep.equal(
      test.nodes.map(({ name }) => `${name}-provision-kwasm`).sort(),
    );
  });

  it('tells the story in events of the node', async () => {
    for (const { name } of test.nodes) {
      const described = await test.kubectl.run(['describe', 'node', name]);
      expect(described).to.match(/KwasmReady\s+True/);
      expect(described).to.match(/Provisioned/);
    }
  });

  it('applied the RuntimeClass so that pods find the nodes', async () => {
    const runtimeClass = await test.kubectl.get<V1RuntimeClass>(['runtimeclass', 'wasmtime']);
    expect(runtimeClass.handler).to.equal('wasmtime');
    expect(runtimeClass.scheduling?.nodeSelector).to.deep.equal({ 'runtime.kwasm.sh/wasmtime': 'true' });
  });

  it('serves HTTP from a Wasm Deployment through its Service on every node', async () => {
    for (const { name } of test.nodes) {
      await test.kubectl.apply(...wasmDeployment(`hello-${name}`, imageOn(name), name));
    }
    for (const { name } of test.nodes) expect(await answer(await serviceUrl(name))).to.match(answerOf(name));
  });

  it('takes an installer that brings nothing new without touching the nodes', async () => {
    const invocations = async () =>
      Promise.all(
        test.nodes.map(({ name }) =>
          test.exec(name)(['systemctl', 'show', '-p', 'InvocationID', '--value', 'containerd']),
        ),
      );
    const running = await invocations();
    const registry = await registryWithInstaller(test, 'relabelled', { labels: { story: 'relabelled' } });
    await installRelease(test, [`imageRegistry=${registry}`]);
    for (const { name } of test.nodes) {
      await eventually(`${name}: proved again, with the other image`, 180_000, async (seen) => {
        const condition = await kwasmCondition(test.kubectl, name);
        seen(`${condition?.reason}: ${condition?.message}`);
        return condition?.reason === 'Provisioned' && condition.message?.includes(registry) ? true : undefined;
      });
      expect(await answer(await serviceUrl(name), 10_000)).to.match(answerOf(name));
    }
    expect(await invocations()).to.deep.equal(running);
  });

  it('kept every runc pod running and lost none of its requests', async () => {
    for (const [name, client] of traffic) {
      const { answered, lost, streamed } = await client.stop();
      traffic.delete(name);
      expect(lost, name).to.deep.equal([]);
      expect(answered, name).to.be.greaterThan(100);
      expect(streamed, name).to.be.greaterThan(50);
      expect(await trafficContainer(name)).to.equal(containersBefore.get(name));
    }
  });

  it('refuses to take the runtime from under a running Wasm pod, and says which', async () => {
    const [node] = test.nodes;
    if (node === undefined) throw new Error('the cluster has no node');
    await test.kubectl.run(['annotate', 'node', node.name, 'kwasm.sh/kwasm-node-']);
    const condition = await eventually(`${node.name}: says what holds it`, 120_000, async (seen) => {
      const found = await kwasmCondition(test.kubectl, node.name);
      seen(`${found?.reason}: ${found?.message}`);
      return found?.message?.includes(`hello-${node.name}`) ? found : undefined;
    });
    expect(condition.status).to.equal('False');
    expect(await answer(await serviceUrl(node.name))).to.match(answerOf(node.name));
  });

  it('un-annotated, every node is byte for byte what it was', async () => {
    for (const { name } of test.nodes) {
      await test.kubectl.run([
        'delete',
        '-n',
        WORKLOADS,
        '--ignore-not-found',
        '--wait=true',
        `deployment/hello-${name}`,
        `service/hello-${name}`,
      ]);
    }
    await test.kubectl.run(['annotate', 'node', '--all', 'kwasm.sh/kwasm-node-']);
    for (const { name } of test.nodes) {
      const left = await eventually(`${name}: nothing of ours is left`, 300_000, async (seen) => {
        const lines = difference(stateBefore.get(name) ?? [], await hostState(test.exec(name)));
        seen(`${lines.join('\n')}\n${JSON.stringify(await kwasmCondition(test.kubectl, name))}`);
        return lines.length === 0 ? lines : undefined;
      });
      expect(left).to.deep.equal([]);
      expect(await trafficContainer(name)).to.equal(containersBefore.get(name));
    }
  });

  async function serviceUrl(node: string): Promise<string> {
    const { spec } = await test.kubectl.get<V1Service>(['service', '-n', WORKLOADS, `hello-${node}`]);
    return `http://${spec?.clusterIP}/`;
  }
});
