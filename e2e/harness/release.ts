import type { KubernetesObject, V1Node } from '@kubernetes/client-node';
import { execa } from 'execa';
import { eventually } from './eventually.ts';
import { NAMESPACE, namespaceSettled } from './namespace.ts';
import type { TestCluster } from './test-cluster.ts';

export const RELEASE = 'kwasm-operator';
const CHART = new URL('../../helm/kwasm-operator', import.meta.url).pathname;
/** The stories install dozens of times; what a proof is worth is the story of e2e/installer.test.ts and the fault matrix. */
export const SHORT_PROOF = [
  'kwasmOperator.installer.env[0].name=KWASM_SETTLE_SECONDS',
  'kwasmOperator.installer.env[0].value=3',
];
/** For --set, by stories of several nodes that are not about the order in which these are changed. */
export const ALL_AT_ONCE = [
  'kwasmOperator.rollout.maxUnavailable=100%',
  'kwasmOperator.rollout.maxUnavailablePerZone=100%',
];
const HELM_DEADLINE_MS = 180_000;

/**
 * `helm upgrade --install` as the README has it, with the images this run built; `set` goes to --set, `strings` to
 * --set-string as they are, after `proof`.
 */
export async function installRelease(
  test: TestCluster,
  set: readonly string[] = [],
  strings: readonly string[] = [],
  proof: readonly string[] = SHORT_PROOF,
): Promise<void> {
  await namespaceSettled(test.kubectl);
  await test.kubectl
    .run(['create', 'namespace', NAMESPACE, '--dry-run=client', '-o', 'yaml'])
    .then((yaml) => test.kubectl.run(['apply', '-f', '-'], yaml));
  await test.kubectl.run([
    'label',
    '--overwrite',
    'namespace',
    NAMESPACE,
    'pod-security.kubernetes.io/enforce=privileged',
  ]);
  const values = [...ownImages(test), ...set];
  await helm(test, [
    'upgrade',
    '--install',
    RELEASE,
    CHART,
    '--namespace',
    NAMESPACE,
    '--wait',
    '--timeout=120s',
    ...values.flatMap((value) => ['--set', value]),
    ...[...proof, ...strings].flatMap((value) => ['--set-string', value]),
  ]);
}

/** For --set: what this run built. */
export function ownImages({ images }: TestCluster): readonly string[] {
  return [`imageRegistry=${images.registry}`, `image.tag=${images.tag}`];
}

/**
 * Takes the annotation from every node, waits until the operator has undone what it did, and removes the release: a
 * story ends on the nodes it began with.
 */
export async function removeRelease(test: TestCluster): Promise<void> {
  await test.kubectl.run(['annotate', 'node', '--all', 'kwasm.sh/kwasm-node-']);
  await eventually('no node carries a trace of ours', 300_000, async (seen) => {
    const { items } = await test.kubectl.get<{ items: V1Node[] }>(['nodes']);
    const left = items.flatMap(traces);
    seen(left.join('\n'));
    return left.length === 0 ? true : undefined;
  });
  // Once the operator has gone nobody takes their classes away, and those would keep the next story's pods from its nodes.
  await eventually('every Shim that was deleted is gone', 60_000, async (seen) => {
    const shims = ['shims.kwasm.sh', '--ignore-not-found'];
    const { items } = await test.kubectl.get<{ items: readonly KubernetesObject[] }>(shims);
    const left = items.flatMap(({ metadata }) => (metadata?.deletionTimestamp === undefined ? [] : [metadata.name]));
    seen(left.join(', '));
    return left.length === 0 ? true : undefined;
  });
  await helm(test, ['uninstall', RELEASE, '--namespace', NAMESPACE, '--wait', '--timeout=120s']);
  // It takes six seconds to go, whatever is in it. Who needs it next waits for that: a release, or the next story.
  await test.kubectl.run(['delete', 'namespace', NAMESPACE, '--wait=false']);
}

/** Labels, our record and the condition: the last of them goes when the uninstall Job has proved its work. */
function traces({ metadata, status }: V1Node): readonly string[] {
  const keys = [...Object.keys(metadata?.labels ?? {}), ...Object.keys(metadata?.annotations ?? {})];
  const condition = status?.conditions?.find(({ type }) => type === 'KwasmReady');
  const said = condition === undefined ? [] : [`${condition.reason}: ${condition.message}`];
  return [...keys.filter((key) => key.includes('kwasm.sh')), ...said].map((trace) => `${metadata?.name}: ${trace}`);
}

export async function helm(test: TestCluster, args: readonly string[]): Promise<string> {
  const { stdout } = await execa(test.cluster.helm, ['--kubeconfig', test.cluster.kubeconfig, ...args], {
    timeout: HELM_DEADLINE_MS,
  });
  return stdout;
}
