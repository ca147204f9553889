import { readFileSync } from 'node:fs';
import type { V1Node, V1Pod } from '@kubernetes/client-node';
import { expect } from 'chai';
import { silent } from '../scripts/cluster/progress.ts';
import { shimsJson } from '../scripts/images/shims.ts';
import { buildShim } from '../scripts/shim/build.ts';
import { registryWithInstaller } from './harness/derived-images.ts';
import { difference, hostState } from './harness/host-state.ts';
import { NAMESPACE } from './harness/namespace.ts';
import { conditionReason, nodeReady } from './harness/nodes.ts';
import { installRelease, removeRelease } from './harness/release.ts';
import { sha256Of } from './harness/shim-releases.ts';
import { type TestCluster, testCluster } from './harness/test-cluster.ts';
import { answer, podAddress, trafficPod, WORKLOADS } from './harness/workloads.ts';

/** Whatever is wrong with what we bring along, the node serves on, is what it was, and says what went wrong. */
describe('an install that cannot work', function () {
  this.timeout(600_000);
  let test: TestCluster;
  let node: string;
  let state: readonly string[];

  before(async () => {
    test = await testCluster();
    const first = test.nodes[0];
    if (first === undefined) throw new Error('the cluster has no node');
    node = first.name;
    await test.kubectl.apply(trafficPod('bystander', test.images.operator, node));
    await answer(`http://${await podAddress(test.kubectl, 'app=bystander')}:8080/`, 60_000);
    state = await hostState(test.exec(node));
  });

  after(async () => {
    await test.kubectl.run(['delete', 'pod', '-n', WORKLOADS, 'bystander', '--ignore-not-found']);
  });

  afterEach(async () => {
    await removeRelease(test);
  });

  async function unharmed(): Promise<void> {
    await nodeReady(test.kubectl, node);
    const bystander = await test.kubectl.get<V1Pod>(['pod', '-n', WORKLOADS, 'bystander']);
    expect(bystander.status?.containerStatuses?.[0]?.restartCount).to.equal(0);
    expect(await answer(`http://${bystander.status?.podIP}:8080/`, 10_000)).to.equal('ok');
    const labels = (await test.kubectl.get<V1Node>(['node', node])).metadata?.labels ?? {};
    expect(Object.keys(labels).filter((key) => key.includes('kwasm.sh'))).to.deep.equal([]);
    expect(difference(state, await hostState(test.exec(node)))).to.deep.equal([]);
  }

  it('an image that does not exist: the node says which', async () => {
    const image = `${test.images.registry}/nobody/pushed-this:1`;
    await installRelease(test, [`kwasmOperator.installerImage=${image}`]);
    await test.kubectl.run(['annotate', 'node', node, 'kwasm.sh/kwasm-node=true']);
    const condition = await conditionReason(test.kubectl, node, ['ImagePullFailed']);
    expect(condition.status).to.equal('False');
    expect(condition.message).to.contain(image);
  });

  it('a shim whose bytes are not the published ones is refused before anything is changed', async () => {
    const { path, binary } = await buildShim({ progress: silent });
    const files = { [`/assets/${binary}`]: Buffer.concat([readFileSync(path), Buffer.from('x')]) };
    const registry = await registryWithInstaller(test, 'corrupt', { files });
    await installRelease(test, [`imageRegistry=${registry}`]);
    await test.kubectl.run(['annotate', 'node', node, 'kwasm.sh/kwasm-node=true']);
    const condition = await conditionReason(test.kubectl, node, ['Refused', 'InstallFailed']);
    expect(condition.message).to.match(/sha256/);
    await unharmed();
  });

  it('a shim that does not run here is refused before anything is changed', async () => {
    const shim = await buildShim({ progress: silent });
    const program = readFileSync('/bin/false');
    const listed = shimsJson([{ ...shim, sha256: sha256Of(program) }]);
    const files = { [`/assets/${shim.binary}`]: program, '/assets/shims.json': Buffer.from(listed) };
    const registry = await registryWithInstaller(test, 'unusable', { files });
    await installRelease(test, [`imageRegistry=${registry}`]);
    await test.kubectl.run(['annotate', 'node', node, 'kwasm.sh/kwasm-node=true']);
    const condition = await conditionReason(test.kubectl, node, ['Refused', 'InstallFailed']);
    expect(condition.message).to.match(/containerd-shim-wasmtime-v1/);
    await unharmed();
    const described = await test.kubectl.run(['describe', 'node', node]);
    expect(described).to.contain('containerd-shim-wasmtime-v1');
    expect(await test.kubectl.run(['get', 'jobs', '-n', NAMESPACE, '-o', 'name'])).to.contain(
      `${node}-provision-kwasm`,
    );
  });
});
