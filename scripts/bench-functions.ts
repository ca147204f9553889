import { setTimeout as delay } from 'node:timers/promises';
import { provisioned } from '../e2e/harness/nodes.ts';
import { podUsage } from '../e2e/harness/pod-usage.ts';
import { installRelease, removeRelease } from '../e2e/harness/release.ts';
import { type TestCluster, type TestRun, testCluster } from '../e2e/harness/test-cluster.ts';
import { type Candidate, candidates } from './bench/functions/images.ts';
import { type Load, load } from './bench/functions/load.ts';
import { nodeMemory } from './bench/functions/node-memory.ts';
import { Pods } from './bench/functions/pods.ts';
import { functionsTable, type Row } from './bench/functions/report.ts';
import { loadAverage, machine } from './bench/machine.ts';
import { median } from './bench/quantiles.ts';
import { parseNodes } from './cluster/node-spec.ts';
import { buildImages } from './images/build.ts';
import { onOwnCluster } from './testing/own-cluster.ts';
import { ensurePackages } from './toolchain/packages.ts';

/**
 * `npm run bench:functions`: the same handler as a container of Node and as components on the shim, on one node, in turns. The load comes from the same
 * machine, so requests per second are what is left of its processors. `-- go ts` takes these alone.
 */
const NAME = process.env['KWASM_E2E_NAME'] ?? 'kwasm-bench';
const RANGE = process.env['KWASM_E2E_RANGE'] ?? '10.188.0.0/16';
const WARM_STARTS = 3;
const AT = [1, 16] as const;
const LOAD_SECONDS = 8;
const ROUNDS = 1;
const POD_COUNT = 10;
const MIB = 1024 * 1024;

interface Taken {
  readonly coldMs: number;
  readonly warmMs: number[];
  readonly loads: Load[][];
  idleMib: number;
  loadedMib: number;
  marginalMib: number | undefined;
}

async function measure(test: TestCluster): Promise<void> {
  const node = test.nodes[0]?.name ?? '';
  const exec = test.exec(node);
  const say = (line: string) => console.error(`  ${line} (load ${loadAverage()})`);
  const all = await candidates(test.images.registry, process.argv.slice(2));
  const pods = new Pods(test, node);
  const taken = new Map<Candidate, Taken>();
  for (const candidate of all) {
    await pods.forget(candidate);
    const { tookMs } = await pods.firstAnswer(candidate, `${candidate.name}-cold`);
    await pods.remove();
    taken.set(candidate, { coldMs: tookMs, warmMs: [], loads: [], idleMib: 0, loadedMib: 0, marginalMib: undefined });
    say(`${candidate.title}: cold image, first answer after ${(tookMs / 1000).toFixed(2)} s`);
  }
  for (let round = 0; round < WARM_STARTS; round += 1) {
    for (const [candidate, { warmMs }] of taken) {
      const { tookMs } = await pods.firstAnswer(candidate, `${candidate.name}-warm-${round}`);
      await pods.remove();
      warmMs.push(tookMs);
    }
  }
  say('warm images: done');
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [candidate, figures] of taken) {
      const { url, uid } = await pods.firstAnswer(candidate, `${candidate.name}-load-${round}`);
      await delay(2_000);
      figures.idleMib = (await podUsage(exec, uid)).workingSetBytes / MIB;
      await load(url, 16, 2); // what is translated late is not the first second's
      const loads: Load[] = [];
      for (const at of AT) loads.push(await load(url, at, LOAD_SECONDS));
      figures.loads.push(loads);
      figures.loadedMib = (await podUsage(exec, uid)).workingSetBytes / MIB;
      await pods.remove();
      say(
        `${candidate.title}: ${loads.map((one) => `${one.perSecond.toFixed(0)}/s, ${one.failed} failed`).join('; ')}`,
      );
    }
  }
  try {
    for (const [candidate, figures] of taken) figures.marginalMib = await marginal(candidate);
  } finally {
    print(all, taken); // what was measured before a candidate did not start is worth having
  }

  async function marginal(candidate: Candidate): Promise<number> {
    await delay(3_000);
    const before = await nodeMemory(exec);
    const names = Array.from({ length: POD_COUNT }, (_, count) => `${candidate.name}-many-${count}`);
    await Promise.all(names.map((name) => pods.firstAnswer(candidate, name)));
    await delay(3_000);
    const mib = ((await nodeMemory(exec)) - before) / MIB / POD_COUNT;
    await pods.remove();
    say(`${candidate.title}: ${mib.toFixed(1)} MiB for each of ${POD_COUNT} pods`);
    return mib;
  }
}

function print(all: readonly Candidate[], taken: ReadonlyMap<Candidate, Taken>): void {
  const row = (figure: string, unit: string, digits: number, of: (taken: Taken) => number): Row => ({
    figure,
    unit,
    digits,
    values: Object.fromEntries([...taken].map(([{ name }, figures]) => [name, of(figures)])),
  });
  const best = (at: number, of: (load: Load) => number) => (one: Taken) =>
    median(one.loads.flatMap((loads) => loads[at] ?? []).map(of));
  const rows: readonly Row[] = [
    row('first answer, image not on the node', 's', 2, ({ coldMs }) => coldMs / 1000),
    row(`first answer, image on the node (median of ${WARM_STARTS})`, 's', 2, ({ warmMs }) => median(warmMs) / 1000),
    ...AT.flatMap((at, index) => [
      row(
        `requests/s, ${at} at a time`,
        '',
        0,
        best(index, ({ perSecond }) => perSecond),
      ),
      row(
        `p50, ${at} at a time`,
        'ms',
        2,
        best(index, ({ p50Ms }) => p50Ms),
      ),
      row(
        `p99, ${at} at a time`,
        'ms',
        2,
        best(index, ({ p99Ms }) => p99Ms),
      ),
    ]),
    row("pod's cgroup, idle after its first answer", 'MiB', 1, ({ idleMib }) => idleMib),
    row("pod's cgroup, after the load", 'MiB', 1, ({ loadedMib }) => loadedMib),
    row(
      `node's memory for one pod more (of ${POD_COUNT}), shim included`,
      'MiB',
      1,
      ({ marginalMib }) => marginalMib ?? Number.NaN,
    ),
    row('such pods in 1 GiB, by that', '', 0, ({ marginalMib }) => Math.floor(1024 / (marginalMib ?? Number.NaN))),
  ];
  console.log(`\n${machine()}\nload ${loadAverage()} at the end\n\n${functionsTable(all, rows)}`);
}

process.exitCode = await onOwnCluster(
  'bench:functions',
  { name: NAME, range: RANGE, nodes: parseNodes('2.3:systemd') },
  { keep: process.env['KWASM_E2E_KEEP'] === '1' },
  async (cluster, context) => {
    await ensurePackages(['skopeo'], context.progress.say, context.signal);
    const images = await buildImages({ registry: cluster.registry, ...context });
    const run: TestRun = { cluster: NAME, images, fixtures: { module: '', component: '', http: '' } };
    process.env['KWASM_E2E'] = JSON.stringify(run);
    const test = await testCluster();
    await installRelease(test);
    try {
      const node = test.nodes[0]?.name ?? '';
      await test.kubectl.run(['annotate', 'node', node, 'kwasm.sh/kwasm-node=true']);
      await provisioned(test.kubectl, node);
      await measure(test);
    } finally {
      await test.kubectl.run(['delete', 'pods', '-n', 'default', '-l', 'bench=functions', '--timeout=120s']);
      await removeRelease(test);
    }
    return 0;
  },
);
