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
 * `npm run e2e [-- e2e/FILE.test.ts ...]`: a cluster of its own with every containerd generation, the images of this
 * tree, then the stories, one after the other; those of e2e/long take minutes each. KWASM_E2E_KEEP=1 leaves the cluster up for the next run;
 * KWASM_E2E_NAME and KWASM_E2E_RANGE name another cluster, so that two runs can stand beside each other, and KWASM_E2E_NODES
 * its nodes: most stories do with fewer.
 */
const NAME = process.env['KWASM_E2E_NAME'] ?? 'kwasm-e2e';
const RANGE = process.env['KWASM_E2E_RANGE'] ?? '10.189.0.0/16';
/** One of them on the systemd cgroup driver: a shim on the wrong one reports no metrics (containerd/runwasi#821). */
const NODES = process.env['KWASM_E2E_NODES'] ?? '2.3:systemd,1.7,1.6';

const files = process.argv.slice(2);
const keep = process.env['KWASM_E2E_KEEP'] === '1';

async function stories(cluster: Cluster, context: Work): Promise<number> {
  const { progress, signal } = context;
  // What the stories themselves call: they derive images from ours.
  await ensurePackages(['buildah', 'skopeo'], progress.say, signal);
  const images = await buildImages({ registry: cluster.registry, ...context });
  const fixtures = await pushFixtures({ registry: cluster.registry, ...context });
  const run: TestRun = { cluster: NAME, images, fixtures };
  const { file, args } = mochaCommand(files.length > 0 ? files : ['e2e/*.test.ts'], [
    '--bail=false',
    '--timeout=600000',
    '--require=e2e/harness/diagnosis.ts',
  ]);
  const done = await execa(file, args, {
    cwd: root,
    env: { KWASM_E2E: JSON.stringify(run) },
    stdio: ['ignore', 'inherit', 'inherit'],
    reject: false,
    cancelSignal: signal,
    forceKillAfterDelay: 30_000,
  });
  return done.exitCode ?? 1;
}

process.exitCode = await onOwnCluster('e2e', { name: NAME, range: RANGE, nodes: parseNodes(NODES) }, { keep }, stories);
