import { globSync } from 'node:fs';
import { execa } from 'execa';
import type { TestRun } from '../e2e/harness/test-cluster.ts';
import { messageOf } from '../src/errors.ts';
import { parseNodes } from './cluster/node-spec.ts';
import { type Progress, progressTo } from './cluster/progress.ts';
import type { Cluster } from './cluster/provider.ts';
import { stopped } from './cluster/stopped.ts';
import { buildImages } from './images/build.ts';
import { pushFixtures } from './shim/fixtures.ts';
import { mochaCommand, root } from './testing/mocha.ts';
import { onOwnCluster, type Work } from './testing/own-cluster.ts';
import { patternsOf, storiesOf } from './testing/stories.ts';
import { ensurePackages } from './toolchain/packages.ts';

/**
 * `npm run e2e [-- e2e/FILE.test.ts ...]`: clusters of its own with every containerd generation, the images of this tree,
 * then the stories; those of e2e/long (`--long`) take minutes each. One cluster tells the files that are named one after the other.
 * All stories together are told on three clusters beside each other, for they mostly wait, and those that need no cluster beside
 * them. KWASM_E2E_KEEP=1 leaves clusters up for the next run; KWASM_E2E_NAME and KWASM_E2E_RANGE name one cluster, so that
 * two runs can stand beside each other, and KWASM_E2E_NODES its nodes: most stories do with fewer.
 */
interface Place {
  readonly name: string;
  readonly range: string;
}
const FIRST: Place = {
  name: process.env['KWASM_E2E_NAME'] ?? 'kwasm-e2e',
  range: process.env['KWASM_E2E_RANGE'] ?? '10.189.0.0/16',
};
const FURTHER: readonly Place[] = [
  { name: 'kwasm-e2e-b', range: '10.188.0.0/16' },
  { name: 'kwasm-e2e-c', range: '10.187.0.0/16' },
];
/** One of them on the systemd cgroup driver: a shim on the wrong one reports no metrics (containerd/runwasi#821). */
const NODES = process.env['KWASM_E2E_NODES'] ?? '2.3:systemd,1.7,1.6';

const named = patternsOf(process.argv.slice(2));
const keep = process.env['KWASM_E2E_KEEP'] === '1';
const all = named === undefined;
const { onCluster, byThemselves } = storiesOf(globSync(named ?? ['e2e/*.test.ts'], { cwd: root }));
const waiting = [...onCluster];
const places =
  onCluster.length === 0 ? [] : all && process.env['KWASM_E2E_NAME'] === undefined ? [FIRST, ...FURTHER] : [FIRST];
const lanes = places.length + (byThemselves.length > 0 ? 1 : 0);
const failed: string[] = [];
/** By then the programs are built that also stories without a cluster use: on a fresh machine that takes longer than a story may. */
const built = Promise.withResolvers<void>();

async function onPlace(name: string, cluster: Cluster, context: Work): Promise<number> {
  const { progress, signal } = context;
  built.resolve();
  // What the stories themselves call: they derive images from ours.
  await ensurePackages(['buildah', 'skopeo'], progress.say, signal);
  const images = await buildImages({ registry: cluster.registry, ...context });
  const fixtures = await pushFixtures({ registry: cluster.registry, ...context });
  const run: TestRun = { cluster: name, images, fixtures };
  return await tellAll(waiting, context, ` on ${name}`, { KWASM_E2E: JSON.stringify(run) });
}

async function withoutCluster(progress: Progress, signal: AbortSignal): Promise<number> {
  await built.promise;
  await ensurePackages(['buildah', 'skopeo'], progress.say, signal);
  return await tellAll([...byThemselves], { progress, signal }, '', {});
}

/** Takes from `files` until there is none left; others may take from them, too. */
async function tellAll(
  files: string[],
  { progress, signal }: Work,
  where: string,
  env: Readonly<Record<string, string>>,
): Promise<number> {
  let code = 0;
  for (let file = files.shift(); file !== undefined; file = files.shift()) {
    signal.throwIfAborted();
    const story = file;
    const told = await progress.step(`${story}${where}`, () => tell(story, env, signal));
    if (told === 0) continue;
    failed.push(story);
    code = 1;
  }
  return code;
}

/** What several tell at one time is printed file by file. */
async function tell(story: string, env: Readonly<Record<string, string>>, signal: AbortSignal): Promise<number> {
  const options = ['--bail=false', '--timeout=600000', '--require=e2e/harness/diagnosis.ts'];
  const { file, args } = mochaCommand([story], options);
  const { exitCode, all: said } = await execa(file, args, {
    cwd: root,
    env,
    all: true,
    stdin: 'ignore',
    ...(lanes > 1 ? {} : { stdout: 'inherit', stderr: 'inherit' }),
    reject: false,
    cancelSignal: signal,
    forceKillAfterDelay: 30_000,
  });
  if (lanes > 1) console.log(said);
  return exitCode ?? 1;
}

function place({ name, range }: Place): Promise<number> {
  const spec = { name, range, nodes: parseNodes(NODES) };
  return onOwnCluster('e2e', spec, { keep }, (cluster, context) => onPlace(name, cluster, context));
}

async function besides(): Promise<number> {
  if (byThemselves.length === 0) return 0;
  const signal = stopped();
  try {
    return await withoutCluster(
      progressTo((line) => console.error(line)),
      signal,
    );
  } catch (error) {
    console.error(`e2e: ${messageOf(error)}`);
    return 1;
  }
}

if (onCluster.length + byThemselves.length === 0)
  throw new Error(`no test file matches ${named?.join(' ') ?? 'e2e/*.test.ts'}`);
const onClusters = places.map(place);
void Promise.allSettled(onClusters).then(() => built.resolve());
const codes = await Promise.all([...onClusters, besides()]);
if (failed.length > 0) console.error(`e2e: failed: ${failed.sort().join(', ')}`);
process.exitCode = Math.max(...codes);
