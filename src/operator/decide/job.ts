import type { V1Container, V1Job, V1JobSpec, V1PodSpec } from '@kubernetes/client-node';
import {
  ARM_CONTAINER,
  DESIRED_ANNOTATION,
  ENV,
  GUARD_CONTAINER,
  INSTALLER_CONTAINER,
  JOB_ACTION_LABEL,
  JOB_LABEL,
  type JobAction,
  NODE_ROOT_PATH,
  SHIMS_ANNOTATION,
} from '../../contract.ts';
import { EXIT_CODES } from '../../verdict.ts';
import { jobName } from './name.ts';
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
  tolerateNodeTrouble,
} from './options.ts';
import { desiredHash, type InstallerPolicy, isThirdParty, type Policy, startupTolerations } from './policy.ts';
import { mirror, ordered, shimImages } from './shims/job-options.ts';
import type { OnNode } from './shims/on-node.ts';
import type { NodeView } from './view.ts';

/** The Job that installs: ours alone, or a third-party installer between our arm and guard containers. */
export function installJob(node: NodeView, policy: Policy): V1Job {
  const { installer } = policy;
  const base = isThirdParty(installer) ? guarded(node, installer) : alone(node, installer, []);
  const tolerations = [...startupTolerations(policy), ...installer.tolerations];
  return jobOf('install', node, policy, base, tolerateNodeTrouble(tolerations));
}

/** Always our own image: a third-party one knows no way back. */
export function uninstallJob(node: NodeView, policy: Policy): V1Job {
  return jobOf('uninstall', node, policy, alone(node, policy.installer, ['uninstall']), tolerateEverything);
}

function jobOf(action: JobAction, node: NodeView, policy: Policy, pod: V1PodSpec, tolerate: PodOption): V1Job {
  const { installer } = policy;
  const onNode = action === 'install' ? policy.onNode : undefined;
  const options: readonly PodOption[] = [
    pinTo(node.name),
    hostPid,
    noApiToken,
    hostRoot,
    tolerate,
    pullSecrets([...installer.imagePullSecrets]),
    priority(installer.priorityClassName),
    shimImages(onNode, node), // before what is given to every container that there is
    caBundle(installer.caConfigMap),
    ordered(onNode),
    mirror(installer.mirror),
    extraEnv(installer.env),
  ];
  for (const option of options) option(pod);
  const labels = { [JOB_LABEL]: 'true', [JOB_ACTION_LABEL]: action };
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: jobName(node.name, action),
      namespace: policy.namespace,
      labels,
      annotations: { [DESIRED_ANNOTATION]: desiredHash(policy), ...namesOf(onNode) },
      // No blockOwnerDeletion: it would ask for rights on nodes/finalizers.
      ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: node.name, uid: node.uid, controller: true }],
    },
    spec: {
      ...bounds(installer),
      // Whose log people want, and what `kubectl logs` showed them with KWasm.
      template: {
        metadata: { labels, annotations: { 'kubectl.kubernetes.io/default-container': INSTALLER_CONTAINER } },
        spec: pod,
      },
    },
  };
}

function namesOf(onNode: OnNode | undefined): Readonly<Record<string, string>> {
  return onNode?.kind === 'given' ? { [SHIMS_ANNOTATION]: onNode.shims.map(({ name }) => name).join(',') } : {};
}

/**
 * Exit codes that say "a person must act" or "the host was put back" end the Job at once instead of trying again;
 * an evicted pod does not count as a failure; and a second pod starts only when the first is gone for good, so that two
 * never work on one node.
 */
function bounds({
  deadlineSeconds,
  attemptsMax,
  ttlSecondsAfterFinished,
}: InstallerPolicy): Omit<V1JobSpec, 'template'> {
  const values = [EXIT_CODES.refused, EXIT_CODES.rolledBack, EXIT_CODES.broken];
  return {
    backoffLimit: attemptsMax,
    activeDeadlineSeconds: deadlineSeconds,
    ttlSecondsAfterFinished,
    podReplacementPolicy: 'Failed',
    podFailurePolicy: {
      rules: [
        { action: 'FailJob', onExitCodes: { operator: 'In', values } },
        { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
      ],
    },
  };
}

function alone(node: NodeView, installer: InstallerPolicy, args: readonly string[]): V1PodSpec {
  return { restartPolicy: 'Never', containers: [ours(INSTALLER_CONTAINER, node, installer, args)] };
}

/** A roll-back that has begun is let end: a restart of containerd and its proof. */
const GUARD_GRACE_SECONDS = 150;

/**
 * The third-party container keeps KWasm's contract to the letter: NODE_ROOT, the host's /, its own command. Around it,
 * the arm container (before) and the guard (beside, so that it can judge and decide when the other has ended). The kubelet
 * starts containers in their order: behind the other, the guard would not come up once that has broken containerd.
 */
function guarded(node: NodeView, installer: InstallerPolicy): V1PodSpec {
  const arm = ours(ARM_CONTAINER, node, installer, ['guard-arm']);
  const guard = ours(GUARD_CONTAINER, node, installer, ['guard-watch']);
  return {
    restartPolicy: 'Never',
    terminationGracePeriodSeconds: GUARD_GRACE_SECONDS,
    initContainers: [arm],
    containers: [guard, privileged(INSTALLER_CONTAINER, installer.installImage, installer)],
  };
}

function ours(name: string, node: NodeView, installer: InstallerPolicy, args: readonly string[]): V1Container {
  const container = privileged(name, installer.image, installer);
  // What it writes is on the host; a third party's image may well write beside itself.
  container.securityContext = { privileged: true, readOnlyRootFilesystem: true };
  container.env = [
    ...(container.env ?? []),
    { name: ENV.machineId, value: node.machineId },
    { name: ENV.podUid, valueFrom: { fieldRef: { fieldPath: 'metadata.uid' } } },
    ...(installer.switchSeconds === 0 ? [] : [{ name: ENV.switchSeconds, value: String(installer.switchSeconds) }]),
  ];
  if (args.length > 0) container.args = [...args];
  // A run that dies before its verdict leaves its last log lines instead.
  container.terminationMessagePolicy = 'FallbackToLogsOnError';
  return container;
}

function privileged(name: string, image: string, { imagePullPolicy, resources }: InstallerPolicy): V1Container {
  return {
    name,
    image,
    imagePullPolicy,
    env: [{ name: ENV.nodeRoot, value: NODE_ROOT_PATH }],
    securityContext: { privileged: true },
    ...(Object.keys(resources).length > 0 ? { resources } : {}),
  };
}
