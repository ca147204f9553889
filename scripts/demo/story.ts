import { mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Clock } from '../../src/clock.ts';
import { TRIGGER } from '../../src/contract.ts';
import { Terminal } from '../../src/errors.ts';
import { clusterDir } from '../cluster/paths.ts';
import type { Progress } from '../cluster/progress.ts';
import type { Cluster } from '../cluster/provider.ts';
import type { BuiltImages } from '../images/build.ts';
import { type Answer, serviceAnswer } from './answer.ts';
import { DEMO_NAMESPACE, type DemoApi, demoApi, OPERATOR_NAMESPACE } from './api.ts';
import { diagnose } from './diagnosis.ts';
import { type Tools, toolsOf } from './kubectl.ts';
import { overlay } from './overlay.ts';
import { type Provisioned, provision } from './provisioning.ts';
import { HANDLER } from './view.ts';

const root = realpathSync(join(import.meta.dirname, '../..'));
const RELEASE = 'kwasm-operator';
const CLASS_MS_MAX = 60_000;

export interface Told {
  readonly answer: Answer;
  readonly provisioned: Provisioned;
}

export interface Telling {
  readonly progress: Progress;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** The README's story on a cluster that is up: chart, Deployment, annotation, answer. Each part may have been done before. */
export async function tell(cluster: Cluster, images: BuiltImages, { progress, clock, signal }: Telling): Promise<Told> {
  const tools = toolsOf(cluster, progress.say, signal);
  const api = demoApi(cluster.kubeconfig, images.demo);
  const nodes = (await cluster.nodes()).map(({ name }) => name);
  try {
    await progress.step('operator installed', () => installChart(tools, images));
    await progress.step(`RuntimeClass ${HANDLER}`, () => runtimeClass(api, clock, signal));
    await progress.step('demo applied; its pods wait for a node that runs Wasm', () =>
      applyDemo(tools, cluster.name, images.demo, nodes.length),
    );
    const annotate = async (...args: readonly string[]) => void (await tools.kubectl(['annotate', 'node', ...args]));
    const provisioned = await provision({
      api,
      nodes,
      clock,
      say: progress.say,
      signal,
      annotate: () => annotate('--all', '--overwrite', `${TRIGGER}=true`),
      retract: (refused) => annotate(...refused, `${TRIGGER}-`),
    });
    return { provisioned, answer: await serviceAnswer(tools) };
  } catch (error) {
    if (!signal.aborted) {
      progress.say('\nThat did not work. What the cluster says:');
      await diagnose(toolsOf(cluster, progress.say, undefined), progress.say);
    }
    throw error;
  }
}

async function installChart(tools: Tools, { registry, tag }: BuiltImages): Promise<void> {
  const chart = join(root, 'helm/kwasm-operator');
  const values = ['--set', `imageRegistry=${registry}`, '--set', `image.tag=${tag}`];
  const where = ['--namespace', OPERATOR_NAMESPACE, '--create-namespace'];
  await tools.helm([
    'upgrade',
    '--install',
    RELEASE,
    relative(process.cwd(), chart) || chart,
    ...where,
    ...values,
    '--wait',
    '--timeout',
    '2m',
  ]);
}

async function runtimeClass(api: DemoApi, clock: Clock, signal: AbortSignal): Promise<void> {
  const endMs = clock.monotonicMs() + CLASS_MS_MAX;
  while (!(await api.hasRuntimeClass(HANDLER))) {
    if (clock.monotonicMs() > endMs) throw new Terminal(`the operator made no RuntimeClass ${HANDLER}`);
    await clock.sleep(500, signal);
  }
}

/** The overlay stays beside the cluster's state, so that a person can apply or delete the same again. */
async function applyDemo(tools: Tools, cluster: string, image: string, nodes: number): Promise<void> {
  const dir = overlayDir(cluster);
  mkdirSync(dir, { recursive: true });
  writeFileSync(
    join(dir, 'kustomization.yaml'),
    overlay(relative(realpathSync(dir), join(root, 'manifests/demo')), image, nodes),
  );
  await tools.kubectl(['apply', '-n', DEMO_NAMESPACE, '-k', dir]);
}

export function overlayDir(cluster: string): string {
  return join(clusterDir(cluster), 'demo');
}
