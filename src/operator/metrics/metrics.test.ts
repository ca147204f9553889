import { expect } from 'chai';
import { execa } from 'execa';
import { nodeView, policy } from '../decide/examples.ts';
import { REASONS } from '../decide/reason.ts';
import { type StageMemory, takeCensus } from './census.ts';
import { makeMetrics } from './metrics.ts';

const NODES = 5_000;

describe('metrics', () => {
  const nodes = Array.from({ length: NODES }, (_, index) =>
    nodeView({
      name: `node-${index}`,
      runtimeLabels: [`handler-${index % 100}`],
      condition: { status: 'False', reason: index % 2 === 0 ? 'Waiting' : "somebody's own", message: '', sinceMs: 0 },
    }),
  );
  const make = (memory?: StageMemory) => {
    let counts = 0;
    const metrics = makeMetrics({
      version: 'v',
      queueDepth: () => 7,
      busyNodes: () => 1,
      census: () => {
        counts += 1;
        return takeCensus(nodes, ['node-0'], () => policy, memory);
      },
      watches: () => [{ resource: 'nodes', synced: true, troubleSinceMs: 1_000, trouble: 'x' }],
      nowMs: () => 3_500,
      leading: () => true,
      removing: () => false,
      oldOperatorJobs: () => 0,
    });
    return { ...metrics, counts: () => counts };
  };

  it('wake nobody while nobody asks', async () => {
    const script = `
      import { performance } from 'node:perf_hooks';
      import { makeMetrics } from ${JSON.stringify(new URL('metrics.ts', import.meta.url).href)};
      makeMetrics({});
      await new Promise((resolve) => setTimeout(resolve, 500));
      const before = performance.nodeTiming.uvMetricsInfo.loopCount;
      await new Promise((resolve) => setTimeout(resolve, 500));
      console.log(performance.nodeTiming.uvMetricsInfo.loopCount - before);`;
    const { stdout } = await execa(process.execPath, ['--input-type=module', '-e', script], { timeout: 30_000 });
    expect(Number(stdout)).to.be.within(1, 5);
  }).timeout(30_000);

  it('count the nodes, once for each scrape', async () => {
    const { registry, counts } = make();
    const text = await registry.metrics();
    expect(counts()).to.equal(1);
    expect(text).to.contain('kwasm_operator_nodes{action="install",stage="waiting"} 4999\n');
    expect(text).to.contain('kwasm_operator_nodes{action="install",stage="working"} 1\n');
    expect(text).to.contain('kwasm_operator_node_conditions{reason="Waiting"} 2500\n');
    expect(text).to.contain('kwasm_operator_node_conditions{reason="Broken"} 0\n');
    expect(text).to.contain('kwasm_operator_watch_stale_seconds{resource="nodes"} 2.5\n');
    expect(text).to.contain('kwasm_operator_leader 1\n');
    await new Promise((resolve) => setImmediate(resolve));
    await registry.metrics();
    expect(counts()).to.equal(2);
  });

  it('do not grow with the cluster: no name of a node, and few series', async () => {
    const { registry, settled, requested, reconciled, waited, watchRestarted } = make();
    for (const reason of Object.keys(REASONS) as (keyof typeof REASONS)[]) {
      for (const action of ['install', 'uninstall'] as const) settled({ action, reason, tookMs: 1_000 });
    }
    requested('patch', 200);
    reconciled('success', 3);
    waited(1);
    watchRestarted('nodes', 'end');
    const lines = (await registry.metrics()).split('\n').filter((line) => line.startsWith('kwasm_'));
    expect(lines.filter((line) => line.includes('node-1'))).to.deep.equal([]);
    expect(lines.filter((line) => line.includes('handler='))).to.have.length(33);
    console.log(`      ${lines.length} series of ours with ${NODES} nodes and every reason there is`);
    expect(lines.length).to.be.lessThan(400);
  });

  it('tell Jobs that changed a node from those that only looked', async () => {
    const { registry, settled } = make();
    for (const unchanged of [false, false, true])
      settled({ action: 'install', reason: 'Provisioned', tookMs: 1_000, unchanged });
    const text = await registry.metrics();
    const count = 'kwasm_operator_job_duration_seconds_count{action="install",outcome=';
    expect(text).to.contain(`${count}"succeeded"} 2\n`).and.to.contain(`${count}"unchanged"} 1\n`);
    expect(text).to.contain('kwasm_operator_jobs_total{action="install",reason="Provisioned"} 3\n');
  });

  it('cost a scrape little', async () => {
    const { registry } = make(new WeakMap());
    await registry.metrics();
    const start = performance.now();
    for (let time = 0; time < 5; time += 1) await registry.metrics();
    const ms = (performance.now() - start) / 5;
    console.log(`      a scrape with ${NODES} nodes: ${ms.toFixed(1)} ms`);
    expect(ms).to.be.lessThan(500); // a busy machine; the figure is what is of interest
  });

  it('begin at 0, so that a rate has something to begin from', async () => {
    const text = await make().registry.metrics();
    expect(text).to.contain('kwasm_operator_jobs_total{action="install",reason="Provisioned"} 0\n');
    expect(text).to.contain('kwasm_operator_job_duration_seconds_count{action="install",outcome="lost"} 0\n');
    expect(text).to.contain('kwasm_operator_events_total{result="folded"} 0\n');
    expect(text).to.contain('kwasm_operator_reconciles_total{result="error"} 0\n');
  });
});
