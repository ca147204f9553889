import type { CoreV1Event, V1Job, V1Node } from '@kubernetes/client-node';
import { expect } from 'chai';
import { ownMetrics } from '../scripts/docs/metrics.ts';
import { eventually } from './harness/eventually.ts';
import { NAMESPACE } from './harness/namespace.ts';
import { conditionReason, provisioned } from './harness/nodes.ts';
import { forwarded } from './harness/port-forward.ts';
import { installRelease, removeRelease } from './harness/release.ts';
import { type TestCluster, testCluster } from './harness/test-cluster.ts';

const OPERATOR = 'deployment/kwasm-operator';

/** What people, Prometheus and support see of the operator. */
describe('the operator tells', function () {
  this.timeout(600_000);
  let test: TestCluster;
  let node: string;
  let other: string;

  before(async () => {
    test = await testCluster();
    const [first, second] = test.nodes;
    if (first === undefined || second === undefined) throw new Error('the cluster has too few nodes');
    [node, other] = [first.name, second.name];
    await installRelease(test);
    await test.kubectl.run(['annotate', 'node', node, 'kwasm.sh/kwasm-node=true']);
    await provisioned(test.kubectl, node);
  });
  after(async () => {
    await test.kubectl.run(['delete', 'job', '-n', NAMESPACE, `${other}-provision-kwasm`, '--ignore-not-found']);
    await removeRelease(test);
  });

  it('the documented metrics, with this rollout in them', async () => {
    const text = await forwarded(test, OPERATOR, NAMESPACE, 8080, (base) => page(`${base}/metrics`));
    for (const { name } of ownMetrics()) expect(text, name).to.contain(`# TYPE ${name} `);
    expect(text).to.contain('kwasm_operator_nodes{action="install",stage="done"} 1\n');
    expect(text).to.contain('kwasm_operator_nodes_serving{handler="wasmtime"} 1\n');
    expect(text).to.contain('kwasm_operator_jobs_total{action="install",reason="Provisioned"} 1\n');
    expect(text).to.contain('kwasm_operator_job_duration_seconds_count{action="install",outcome="succeeded"} 1\n');
    expect(text).to.match(/kwasm_operator_api_requests_total\{verb="create",code="201"\} [1-9]/);
    expect(text).to.contain('kwasm_operator_leader 1\n');
    expect(text).not.to.contain(node);
  });

  it('support what it knows, on a loopback port that kubectl port-forward reaches and other pods do not', async () => {
    const state = JSON.parse(await forwarded(test, OPERATOR, NAMESPACE, 8082, (base) => page(`${base}/debug/state`)));
    expect(state.stages).to.include({ 'install done': 1 });
    const one = await forwarded(test, OPERATOR, NAMESPACE, 8082, (base) => page(`${base}/debug/state?node=${node}`));
    expect(JSON.parse(one).node.record.state).to.equal('installed');
    const ip = await test.kubectl.run([
      ...['get', 'pods', '-n', NAMESPACE, '-l', 'app.kubernetes.io/name=kwasm-operator'],
      ...['-o', 'jsonpath={.items[0].status.podIP}'],
    ]);
    expect((await fetch(`http://${ip}:8081/healthz`)).status).to.equal(200);
    const refused = await fetch(`http://${ip}:8082/debug/state`, { signal: AbortSignal.timeout(3_000) }).then(
      () => 'answered',
      (error: Error) => String((error.cause as Error | undefined)?.message ?? error.message),
    );
    expect(refused).to.match(/ECONNREFUSED/);
  });

  it('nodes apart with kubectl get nodes -L', async () => {
    const table = await test.kubectl.run([
      'get',
      'nodes',
      '-L',
      'kwasm.sh/kwasm-provisioned,runtime.kwasm.sh/wasmtime',
    ]);
    expect(table).to.match(/KWASM-PROVISIONED\s+WASMTIME/);
    expect(table.split('\n').find((line) => line.startsWith(`${node} `))).to.match(new RegExp(`${node}\\s+true\\s*$`));
  });

  it("that KWasm's own operator still runs: on the node, as an Event, in the metrics and in the log", async () => {
    const { metadata } = await test.kubectl.get<V1Node>(['node', other]);
    const uid = metadata?.uid ?? '';
    await test.kubectl.apply(oldJob(other, uid, test.images.operator));
    await test.kubectl.run(['annotate', 'node', other, 'kwasm.sh/kwasm-node=true']);
    const condition = await conditionReason(test.kubectl, other, ['OldInstallerRunning']);
    expect(condition.message).to.contain(`${other}-provision-kwasm`);
    await eventually('a Warning about it', 30_000, async (seen) => {
      const { items } = await test.kubectl.get<{ items: CoreV1Event[] }>(['events', '-n', 'default']);
      const ours = items.filter(({ involvedObject }) => involvedObject.name === other);
      seen(ours.map(({ type, reason }) => `${type} ${reason}`).join(', '));
      return ours.some(({ type, reason }) => type === 'Warning' && reason === 'OldInstallerRunning') ? true : undefined;
    });
    const text = await forwarded(test, OPERATOR, NAMESPACE, 8080, (base) => page(`${base}/metrics`));
    expect(text).to.contain('kwasm_operator_old_operator_jobs 1\n');
    const log = await test.kubectl.run(['logs', '-n', NAMESPACE, OPERATOR]);
    const lines = log.split('\n').filter((line) => line.includes('OldInstallerRunning'));
    expect(JSON.parse(lines[0] ?? '{}')).to.include({ level: 'warn', key: `node/${other}` });
    await test.kubectl.run(['delete', 'job', '-n', NAMESPACE, `${other}-provision-kwasm`, '--wait=true']);
    await provisioned(test.kubectl, other);
  });

  it('in JSON lines, each with the id of its reconcile', async () => {
    const log = await test.kubectl.run(['logs', '-n', NAMESPACE, OPERATOR]);
    const lines = log
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const about = lines.filter(({ key }) => key === `node/${node}`);
    expect(about.length).to.be.greaterThan(2);
    expect(about.filter(({ reconcile }) => !/^[0-9a-f]{8}$/.test(String(reconcile)))).to.deep.equal([]);
  });
});

async function page(url: string): Promise<string> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(10_000) });
  if (answer.status !== 200) throw new Error(`${url}: HTTP ${answer.status}`);
  return await answer.text();
}

/** As KWasm 0.2.x made it: no action, no bounds. */
function oldJob(node: string, uid: string, image: string): V1Job {
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: `${node}-provision-kwasm`,
      namespace: NAMESPACE,
      labels: { 'kwasm.sh/job': 'true' },
      ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: node, uid, controller: true }],
    },
    spec: {
      template: {
        metadata: { labels: { 'kwasm.sh/job': 'true' } },
        spec: {
          nodeName: node,
          restartPolicy: 'Never',
          terminationGracePeriodSeconds: 1,
          containers: [{ name: 'kwasm-provision', image, command: ['node', '-e', 'setInterval(() => {}, 1000)'] }],
        },
      },
    },
  };
}
