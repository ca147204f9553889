import { globSync } from 'node:fs';
import { execa } from 'execa';
import type { TestRun } from '../e2e/harness/test-cluster.ts';
import { parseNodes } from './cluster/node-spec.ts';
import type { Cluster } from './cluster/provider.ts';
import { buildImages } from './images/build.ts';
import { pushFixtures } from './shim/fixtures.ts';
import { mochaCommand, root } from './testing/mocha.ts';
import { onOwnCluster, type Work } from './testing/own-cluster.ts';
import { ensurePackages } from './toolchain/packages.ts';

/**
 * `npm run e2e [-- e2e/FILE.test.ts ...]`: clusters of its own with every containerd generation, the images of this tree,
 * then the stories; those of e2e/long take minutes each. One cluster tells the files that are named one after the other.
 * All stories together are told on two clusters beside each other, for they mostly wait. KWASM_E2E_KEEP=1 leaves clusters
 * up for the next run; KWASM_E2E_NAME and KWASM_E2E_RANGE name one cluster, so that two runs can stand beside each other,
 * and KWASM_E2E_NODES its nodes: most stories do with fewer.
 */
interface Place {
  readonly name: string;
  readonly range: string;
}
const FIRST: Place = {
  name: process.env['KWASM_E2E_NAME'] ?? 'kwasm-e2e',
  range: process.env['KWASM_E2E_RANGE'] ?? '10.189.0.0/16',
};
const SECOND: Place = { name: 'kwasm-e2e-b', range: '10.188.0.0/16' };
/** One of them on the systemd cgroup driver: a shim on the wrong one reports no metrics (containerd/runwasi#821). */
const NODES = process.env['KWASM_E2E_NODES'] ?? '2.3:systemd,1.7,1.6';

const named = process.argv.slice(2);
const keep = process.env['KWASM_E2E_KEEP'] === '1';
const waiting = globSync(named.length > 0 ? named : ['e2e/*.test.ts'], { cwd: root }).sort();
const both = named.length === 0 && process.env['KWASM_E2E_NAME'] === undefined;
const failed: string[] = [];

async function stories(name: string, cluster: Cluster, context: Work): Promise<number> {
  const { progress, signal } = context;
  // What the stories themselves call: they derive images from ours.
  await ensurePackages(['buildah', 'skopeo'], progress.say, signal);
  const images = await buildImages({ registry: cluster.registry, ...context });
  const fixtures = await pushFixtures({ registry: cluster.registry, ...context });
  const run: TestRun = { cluster: name, images, fixtures };
  let code = 0;
  for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
    signal.throwIfAborted();
    const told = await progress.step(`${file} on ${name}`, () => tell(file, run, signal));
    if (told === 0) continue;
    failed.push(file);
    code = 1;
  }
  return code;
}

/** What two clusters tell at one time is printed file by file. */
async function tell(story: string, run: TestRun, signal: AbortSignal): Promise<number> {
  const options = ['--bail=false', '--timeout=600000', '--require=e2e/harness/diagnosis.ts'];
  const { file, args } = mochaCommand([story], options);
  const { exitCode, all } = await execa(file, args, {
    cwd: root,
    env: { KWASM_E2E: JSON.stringify(run) },
    all: true,
    stdin: 'ignore',
    ...(both ? {} : { stdout: 'inherit', stderr: 'inherit' }),
    reject: false,
    cancelSignal: signal,
    forceKillAfterDelay: 30_000,
  });
  if (both) console.log(all);
  return exitCode ?? 1;
}

function place({ name, range }: Place): Promise<number> {
  const spec = { name, range, nodes: parseNodes(NODES) };
  return onOwnCluster('e2e', spec, { keep }, (cluster, context) => stories(name, cluster, context));
}

if (waiting.length === 0) throw new Error(`no test file matches ${named.join(' ')}`);
const codes = await Promise.all((both ? [FIRST, SECOND] : [FIRST]).map(place));
if (failed.length > 0) console.error(`e2e: failed: ${failed.sort().join(', ')}`);
process.exitCode = Math.max(...codes);
