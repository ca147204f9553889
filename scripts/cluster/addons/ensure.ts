import { basename } from 'node:path';
import { ensurePackages } from '../../toolchain/packages.ts';
import { command } from '../command.ts';
import { ensureImage } from '../local/images.ts';
import type { Cluster, Context } from '../provider.ts';
import type { Addon, AddonName, KubeObject } from './addon.ts';
import { ingress } from './ingress.ts';
import { knative } from './knative.ts';
import { knativeServingWasm } from './knative-serving-wasm.ts';
import { metricsServer } from './metrics-server.ts';

export const ADDONS: Readonly<Record<AddonName, Addon>> = {
  ingress,
  knative,
  'knative-serving-wasm': knativeServingWasm,
  'metrics-server': metricsServer,
};

/** `kubectl delete` waits for pods to end, `rollout status` for an image of 200 MB to be pulled. */
const WAIT_SECONDS = 120;
const TIMEOUT_MS = (WAIT_SECONDS + 30) * 1000;

/** Builds or fetches it, puts its image into the cluster's registry, and waits until it serves. Asking twice changes nothing. */
export async function ensureAddon(cluster: Cluster, name: AddonName, context: Context): Promise<void> {
  const addon = ADDONS[name];
  const { progress, signal } = context;
  await ensurePackages(['buildah', 'skopeo'], progress.say, signal);
  const made = await addon.images(context);
  await progress.step(`add-on ${name}`, async () => {
    const pushed = new Map<string, string>();
    for (const image of made) pushed.set(basename(image.program), await ensureImage(image, cluster.registry, signal));
    const objects = await addon.objects((program) => pushed.get(program) ?? NONE, context);
    await kubectl(cluster, ['apply', '--filename', '-'], list(objects));
    const wait = `--timeout=${WAIT_SECONDS}s`;
    const namespace = ['--namespace', addon.namespace];
    for (const deployment of addon.deployments) {
      await kubectl(cluster, [...namespace, 'rollout', 'status', `deployment/${deployment}`, wait]);
    }
    if (addon.apiService === undefined) return;
    await kubectl(cluster, ['wait', '--for=condition=Available', `apiservice/${addon.apiService}`, wait]);
  });
}

const NONE = 'none';

/** Takes away whatever of it is there, its pods included. */
export async function removeAddon(cluster: Cluster, name: AddonName, context: Context): Promise<void> {
  const { progress } = context;
  const objects = [...(await ADDONS[name].objects(() => NONE, context))].reverse();
  // What contains others goes by itself when they have: in the foreground it would wait for a garbage collector whose kinds have just gone.
  const containing = ({ kind }: KubeObject) => kind === 'Namespace' || kind === 'CustomResourceDefinition';
  const remove = async (some: readonly KubeObject[], cascade: 'foreground' | 'background') => {
    if (some.length === 0) return;
    const how = ['--ignore-not-found', `--cascade=${cascade}`, `--timeout=${WAIT_SECONDS}s`];
    await kubectl(cluster, ['delete', '--filename', '-', ...how], list(some));
  };
  await progress.step(`add-on ${name} goes`, async () => {
    await remove(
      objects.filter((object) => !containing(object)),
      'foreground',
    );
    await remove(objects.filter(containing), 'background');
  });
}

function list(items: readonly object[]): string {
  return JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
}

function kubectl(cluster: Cluster, args: readonly string[], input?: string): Promise<string> {
  const all = ['--kubeconfig', cluster.kubeconfig, ...args];
  return command(cluster.kubectl, all, { timeoutMs: TIMEOUT_MS, ...(input === undefined ? {} : { input }) });
}
