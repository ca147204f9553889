import { expect } from 'chai';
import { NAMESPACE } from './harness/namespace.ts';
import { conditionReason } from './harness/nodes.ts';
import { installRelease, removeRelease } from './harness/release.ts';
import { type TestCluster, testCluster } from './harness/test-cluster.ts';

/** A Job whose pod is never admitted shows nothing in its own status; the node has to say it. */
describe('an installer pod that the cluster does not admit', function () {
  this.timeout(600_000);
  let test: TestCluster;
  let node: string;

  before(async () => {
    test = await testCluster();
    const first = test.nodes[0];
    if (first === undefined) throw new Error('the cluster has no node');
    node = first.name;
  });

  afterEach(async () => {
    await removeRelease(test);
  });

  it('Pod Security admission: the reason is on the node', async () => {
    await installRelease(test);
    await test.kubectl.run([
      'label',
      '--overwrite',
      'namespace',
      NAMESPACE,
      'pod-security.kubernetes.io/enforce=baseline',
    ]);
    await test.kubectl.run(['annotate', 'node', node, 'kwasm.sh/kwasm-node=true']);
    const condition = await conditionReason(test.kubectl, node, ['PodRefused']);
    expect(condition.message).to.match(/PodSecurity "baseline/);
  });

  it('a quota: the reason is on the node, and the Job goes on once there is room', async () => {
    await installRelease(test);
    await test.kubectl.apply({
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name: 'no-more-pods', namespace: NAMESPACE },
      spec: { hard: { pods: '1' } },
    });
    await test.kubectl.run(['annotate', 'node', node, 'kwasm.sh/kwasm-node=true']);
    const condition = await conditionReason(test.kubectl, node, ['PodRefused']);
    expect(condition.message).to.match(/exceeded quota: no-more-pods/);
    await test.kubectl.run(['delete', 'resourcequota', '-n', NAMESPACE, 'no-more-pods']);
    await conditionReason(test.kubectl, node, ['Provisioned']);
  });
});
