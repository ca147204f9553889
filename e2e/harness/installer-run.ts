import type { V1Pod } from '@kubernetes/client-node';
import { NODE_ROOT_PATH, NODE_ROOT_VOLUME } from '../../src/contract.ts';
import { SHIMS_DIR } from '../../src/shims/order.ts';
import { parseVerdict, type Verdict } from '../../src/verdict.ts';
import { eventually } from './eventually.ts';
import type { TestCluster } from './test-cluster.ts';

const NAMESPACE = 'default';

export interface InstallerRun {
  readonly pod: string;
  /** Waits for its end. Without a Verdict it was killed. */
  ended(withinMs?: number): Promise<{ readonly exitCode: number; readonly verdict: Verdict | undefined }>;
  log(): Promise<string>;
}

/** Our installer image as the operator's Job would run it, without the operator: a pod of KWasm's contract. */
export async function startInstaller(
  test: TestCluster,
  node: string,
  command: 'install' | 'uninstall' | 'detect',
  env: Readonly<Record<string, string>> = {},
  pod = `installer-${node}-${command}`,
  /** Images that are mounted as the operator mounts those of orders: by the Shim's name. */
  images: Readonly<Record<string, string>> = {},
): Promise<InstallerRun> {
  await test.kubectl.run(['delete', 'pod', '-n', NAMESPACE, pod, '--ignore-not-found', '--wait=true']);
  await test.kubectl.apply(withImages(installerPod(test.images.installer, pod, node, command, env), images));
  return {
    pod,
    ended: (withinMs = 120_000) =>
      eventually(`the end of ${pod}`, withinMs, async (seen) => {
        const { status } = await test.kubectl.get<V1Pod>(['pod', '-n', NAMESPACE, pod]);
        const state = status?.containerStatuses?.[0]?.state;
        seen(JSON.stringify(state ?? status?.phase ?? 'no status'));
        if (state?.terminated === undefined) return undefined;
        return { exitCode: state.terminated.exitCode, verdict: parseVerdict(state.terminated.message ?? '') };
      }),
    log: () => test.kubectl.run(['logs', '-n', NAMESPACE, pod]),
  };
}

/** Runs it to its end; a run without a Verdict is an error. */
export async function runInstaller(
  ...args: Parameters<typeof startInstaller>
): Promise<{ readonly exitCode: number; readonly verdict: Verdict }> {
  const run = await startInstaller(...args);
  const { exitCode, verdict } = await run.ended();
  if (verdict === undefined) throw new Error(`${run.pod} ended with ${exitCode} and no Verdict: ${await run.log()}`);
  return { exitCode, verdict };
}

export async function removeInstallers(test: TestCluster): Promise<void> {
  await test.kubectl.run(['delete', 'pod', '-n', NAMESPACE, '-l', 'app=installer', '--wait=true', '--grace-period=5']);
}

function withImages(pod: V1Pod, images: Readonly<Record<string, string>>): V1Pod {
  for (const [name, reference] of Object.entries(images)) {
    const volume = `image-${name}`;
    pod.spec?.volumes?.push({ name: volume, image: { reference, pullPolicy: 'IfNotPresent' } });
    pod.spec?.containers[0]?.volumeMounts?.push({ name: volume, mountPath: `${SHIMS_DIR}/${name}`, readOnly: true });
  }
  return pod;
}

function installerPod(
  image: string,
  name: string,
  node: string,
  command: string,
  env: Readonly<Record<string, string>>,
): V1Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: NAMESPACE, labels: { app: 'installer', node } },
    spec: {
      nodeName: node,
      hostPID: true,
      restartPolicy: 'Never',
      automountServiceAccountToken: false,
      tolerations: [{ operator: 'Exists' }],
      volumes: [{ name: NODE_ROOT_VOLUME, hostPath: { path: '/' } }],
      containers: [
        {
          name: 'kwasm-provision',
          image,
          args: [command],
          securityContext: { privileged: true, readOnlyRootFilesystem: true },
          env: Object.entries({ NODE_ROOT: NODE_ROOT_PATH, KWASM_SETTLE_SECONDS: '1', ...env }).map(([key, value]) => ({
            name: key,
            value,
          })),
          volumeMounts: [{ name: NODE_ROOT_VOLUME, mountPath: NODE_ROOT_PATH }],
        },
      ],
    },
  };
}
