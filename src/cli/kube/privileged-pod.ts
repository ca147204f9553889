import type { V1Pod } from '@kubernetes/client-node';
import { ENV, INSTALLER_CONTAINER, NODE_ROOT_PATH } from '../../contract.ts';
import { messageOf } from '../../errors.ts';
import {
  caBundle,
  extraEnv,
  hostPid,
  hostRoot,
  noApiToken,
  type PodOption,
  pinTo,
  priority,
  pullSecrets,
  tolerateEverything,
} from '../../operator/decide/options.ts';
import type { InstallerSettings } from '../operator.ts';
import type { Client } from './client.ts';

/** A pod as the installer's Job makes it, for what only looks. It carries none of the labels that the operator watches. */
export interface PrivilegedPod {
  readonly namespace: string;
  readonly name: string;
  /** undefined: for the API server to judge, and never to run. */
  readonly node: string | undefined;
  readonly image: string;
  readonly args: readonly string[];
  readonly installer?: InstallerSettings;
}

export const DOCTOR_LABEL = 'kwasm.sh/doctor';
const DEADLINE_SECONDS = 120;

export function privilegedPod({ namespace, name, node, image, args, installer }: PrivilegedPod): V1Pod {
  const spec = {
    restartPolicy: 'Never',
    activeDeadlineSeconds: DEADLINE_SECONDS,
    terminationGracePeriodSeconds: 5,
    containers: [
      {
        name: INSTALLER_CONTAINER,
        image,
        args: [...args],
        imagePullPolicy: installer?.imagePullPolicy ?? 'IfNotPresent',
        env: [{ name: ENV.nodeRoot, value: NODE_ROOT_PATH }],
        securityContext: { privileged: true },
      },
    ],
  };
  const options: readonly PodOption[] = [
    ...(node === undefined ? [] : [pinTo(node)]),
    hostPid,
    noApiToken,
    hostRoot,
    tolerateEverything,
    ...(installer === undefined
      ? []
      : [
          pullSecrets(installer.imagePullSecrets),
          priority(installer.priorityClassName),
          caBundle(installer.caConfigMap),
          extraEnv(installer.env),
        ]),
  ];
  for (const option of options) option(spec);
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace, labels: { [DOCTOR_LABEL]: 'true' } }, spec };
}

/** A pod that was made to look. One that stays is told of: whoever made it is to know. */
export async function removePod(
  client: Client,
  { namespace, name }: Pick<PrivilegedPod, 'namespace' | 'name'>,
  graceSeconds?: number,
): Promise<void> {
  await client
    .remove('remove the pod', `/api/v1/namespaces/${namespace}/pods/${name}`, graceSeconds)
    .catch((error: unknown) => {
      const todo = `kubectl -n ${namespace} delete pod ${name}`;
      process.stderr.write(`kwasm: pod ${namespace}/${name} is still there: ${messageOf(error)}. \`${todo}\`\n`);
    });
}
