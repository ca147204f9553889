import { appendFileSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Figures, measure, printFigures } from '../e2e/faults/figures.ts';
import { printMatrix, readResults, runMatrix } from '../e2e/faults/matrix.ts';
import { faultNode } from '../e2e/faults/node.ts';
import { ROWS } from '../e2e/faults/rows.ts';
import { testCluster } from '../e2e/harness/test-cluster.ts';
import { messageOf } from '../src/errors.ts';
import { parseNodes } from './cluster/node-spec.ts';
import { cacheDir } from './cluster/paths.ts';
import type { Cluster } from './cluster/provider.ts';
import { buildImages } from './images/build.ts';
import { pushFixtures } from './shim/fixtures.ts';
import { onOwnCluster, type Work } from './testing/own-cluster.ts';
import { ensurePackages } from './toolchain/packages.ts';

const USAGE = `npm run e2e:faults -- [options]

What becomes of a node when something happens to an install, at every step, on real nodes. Cells that an earlier run of the
same images has done are not run again.

  --nodes 1.6,1.7,2.1,2.4   one node for each containerd version
  --only TEXT               rows whose name contains it
  --figures                 only measure: how long containerd is away, what an install costs, what an uninstall leaves
  --again                   forget what an earlier run has done
  --keep                    leave the cluster up
  --name, --range           the cluster's; default kwfault, 10.191.0.0/16`;

const { values } = parseArgs({
  options: {
    nodes: { type: 'string', default: '1.6,1.7,2.1,2.4' },
    only: { type: 'string', default: '' },
    figures: { type: 'boolean', default: false },
    again: { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
    name: { type: 'string', default: 'kwfault' },
    range: { type: 'string', default: '10.191.0.0/16' },
    help: { type: 'boolean', default: false },
  },
});

async function faults(cluster: Cluster, context: Work): Promise<number> {
  const { progress, signal } = context;
  await ensurePackages(['buildah', 'skopeo'], progress.say, signal);
  const images = await buildImages({ registry: cluster.registry, ...context });
  const fixtures = await pushFixtures({ registry: cluster.registry, ...context });
  process.env['KWASM_E2E'] = JSON.stringify({ cluster: values.name, images, fixtures });
  const test = await testCluster();
  const nodes = test.nodes.map(({ name, containerd }) => faultNode(test, name, containerd));
  if (values.figures) {
    const all: Figures[] = [];
    for (const node of nodes) all.push(await measure(node)); // one by one: they share this machine's processors
    console.log(printFigures(all));
    return all.every(({ bytesLeft }) => bytesLeft === 0) ? 0 : 1;
  }
  const file = join(cacheDir(), 'faults', `${images.tag}.jsonl`);
  mkdirSync(dirname(file), { recursive: true });
  if (values.again) rmSync(file, { force: true });
  const rows = ROWS.filter(({ id }) => id.includes(values.only));
  const wanted = (row: string) => rows.some(({ id }) => id === row);
  const done = readResults(file).filter(({ row }) => wanted(row));
  if (done.length > 0) progress.say(`${done.length} cells were done before (${file}); --again runs them again`);
  const results = await runMatrix(nodes, {
    rows,
    done,
    signal,
    keep: (result) => {
      appendFileSync(file, `${JSON.stringify(result)}\n`);
      const how = result.problems.length === 0 ? 'ok ' : 'BAD';
      progress.say(`  ${how} ${result.containerd}  ${result.row} (${result.verdict}, ${result.seconds} s)`);
      for (const problem of result.problems) progress.say(`      ${problem}`);
    },
  });
  const { text, bad } = printMatrix(rows, results);
  console.log(text);
  return bad === 0 ? 0 : 1;
}

async function main(): Promise<number> {
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const spec = { name: values.name, range: values.range, nodes: parseNodes(values.nodes) };
  return await onOwnCluster('faults', spec, { keep: values.keep }, faults);
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(`faults: ${messageOf(error)}`);
  process.exitCode = 1;
}
