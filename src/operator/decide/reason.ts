/**
 * Every reason of the node condition KwasmReady, the documented list. Machines match on the key; `meaning` and `todo`
 * are for people, and docs are generated from here.
 *
 * status: of the condition while nothing is provisioned; a step that leaves proved handlers serving keeps it True.
 * event: how loud the Event is that goes with a change; none where 5,000 nodes would say the same at once.
 * retry: cluster = goes on by itself as soon as the cluster has changed; backoff = tried again with growing delay, a
 * bounded number of times (the ENDLESS without end); person = not before somebody acts (a new image, or the trigger removed and set again).
 */
export interface ReasonRow {
  readonly status: 'True' | 'False';
  readonly event: 'Normal' | 'Warning' | undefined;
  readonly retry: 'cluster' | 'backoff' | 'person';
  readonly meaning: string;
  readonly todo: string;
}

export const REASONS = {
  Provisioned: {
    status: 'True',
    event: 'Normal',
    retry: 'cluster',
    meaning: 'The handlers named in the message were proved live on this node; its labels say the same.',
    todo: 'Nothing.',
  },
  Waiting: {
    status: 'False',
    event: undefined,
    retry: 'cluster',
    meaning:
      "It is not this node's turn: others are being changed, its kind's first node is not proved yet, or no time window is open. Or a pod of an earlier Job still ends here.",
    todo: 'Wait; docs/rollout.md says what sets the pace. The message says what it waited for first.',
  },
  Paused: {
    status: 'False',
    event: undefined,
    retry: 'cluster',
    meaning: 'Somebody paused the rollout: for this node, for its pool, or for all.',
    todo: 'Take the pause away that the message names.',
  },
  NoShim: {
    status: 'False',
    event: 'Warning',
    retry: 'cluster',
    meaning: 'The node is wanted, and no Shim is for it, so nothing is installed on it; what it had is taken off.',
    todo: 'Make a Shim whose nodeSelector fits, or change kwasm.sh/shims on the node: docs/shims.md.',
  },
  ShimUnknown: {
    status: 'False',
    event: 'Warning',
    retry: 'cluster',
    meaning:
      'The annotation or label kwasm.sh/shims of this node names a Shim that there is not, or that is not for this node. Nothing is begun on it; what it has stays.',
    todo: 'Correct the name, or make the Shim.',
  },
  ShimConflict: {
    status: 'False',
    event: 'Warning',
    retry: 'cluster',
    meaning: 'Two Shims name one handler. Neither is installed; a node that has the handler already stays as it is.',
    todo: 'Delete all but one of the Shims that the message names.',
  },
  ShimRefused: {
    status: 'False',
    event: 'Warning',
    retry: 'cluster',
    meaning: 'A Shim for this node cannot be used as it is. A node that has its handler already stays as it is.',
    todo: 'Mend the Shim that the message names; its own conditions say more.',
  },
  RolloutStopped: {
    status: 'False',
    event: undefined,
    retry: 'cluster',
    meaning: 'A node of the same kind failed, so nothing is begun on this one.',
    todo: 'Mend the node that the message names, then set its trigger anew; or install another image.',
  },
  HandlersLost: {
    status: 'False',
    event: 'Warning',
    retry: 'backoff',
    meaning:
      'The kubelet no longer reports handlers that were proved live: containerd was re-imaged, upgraded, or configured anew. Their labels are off, so that no new Wasm pod comes.',
    todo: 'Nothing; the node is provisioned again. If it happens again and again, find out who writes its containerd configuration.',
  },
  Installing: {
    status: 'False',
    event: 'Normal',
    retry: 'cluster',
    meaning: 'The install Job works on this node.',
    todo: 'Wait; the Job has a deadline.',
  },
  AgentWorking: {
    status: 'False',
    event: undefined,
    retry: 'cluster',
    meaning: "The installer in the DaemonSet's pod of this node waits for a free slot, or works.",
    todo: "Wait. `kubectl get leases` in the operator's namespace shows who holds the slots; a node that failed keeps its own.",
  },
  NeedsLabel: {
    status: 'False',
    event: 'Warning',
    retry: 'person',
    meaning:
      'The trigger is an annotation; in mode `daemonset` it has to be a label, because pods of a DaemonSet cannot be selected by annotations. Nothing is changed.',
    todo: 'Label the node with the same key and value.',
  },
  CanaryRunning: {
    status: 'False',
    event: undefined,
    retry: 'cluster',
    meaning:
      'The installer proved the handlers; now a small Wasm pod has to run on this node before it is called ready.',
    todo: 'Wait; it has a deadline.',
  },
  CanaryFailed: {
    status: 'False',
    event: 'Warning',
    retry: 'person',
    meaning:
      'The canary pod ran on this node and failed, or could not be started in time. What the install had changed is undone, and no install follows with the same image.',
    todo: "Read the message and the log of the canary's Job. If it was the canary's fault, mend kwasmOperator.canary; then remove the trigger and set it again.",
  },
  CanaryNotRun: {
    status: 'False',
    event: 'Warning',
    retry: 'backoff',
    meaning:
      'The canary pod could not be run for a reason that says nothing about the runtime: its image cannot be pulled, the pod is refused, or it was evicted. The node is not called ready, and nothing is undone.',
    todo: 'Read the message; check kwasmOperator.canary.image.',
  },
  Uninstalling: {
    status: 'False',
    event: 'Normal',
    retry: 'cluster',
    meaning: 'The node is no longer wanted: its labels are off and what we changed on it is being undone.',
    todo: 'Wait; the Job has a deadline.',
  },
  OldInstallerRunning: {
    status: 'False',
    event: 'Warning',
    retry: 'cluster',
    meaning: "A Job of KWasm's own operator works on this node; ours starts when it has ended.",
    todo: 'Wait, or delete that Job. If it comes back, the old operator still runs: remove it.',
  },
  NodeNotReady: {
    status: 'False',
    event: undefined,
    retry: 'cluster',
    meaning: 'The kubelet does not report the node as Ready, so nothing is changed on it.',
    todo: 'Mend the node.',
  },
  NotLinux: {
    status: 'False',
    event: 'Warning',
    retry: 'person',
    meaning: 'The node runs another operating system; the shims are Linux binaries.',
    todo: 'Remove the trigger from this node.',
  },
  NotContainerd: {
    status: 'False',
    event: 'Warning',
    retry: 'person',
    meaning: 'The node runs another container runtime than containerd.',
    todo: 'Remove the trigger from this node, or change its runtime to containerd.',
  },
  NodeReplaced: {
    status: 'False',
    event: 'Normal',
    retry: 'cluster',
    meaning: 'Another machine, or a new Node object, took this name: what was proved before no longer holds.',
    todo: 'Nothing; the node is provisioned afresh.',
  },
  JobRefused: {
    status: 'False',
    event: 'Warning',
    retry: 'backoff',
    meaning: 'The API server refused our Job: a quota, an admission webhook, or another Job of the same name.',
    todo: "Read the API server's answer in the message.",
  },
  QuotaExceeded: {
    status: 'False',
    event: undefined,
    retry: 'cluster',
    meaning:
      "A ResourceQuota of the operator's namespace has refused another node's Job, so this one's is not asked for yet.",
    todo: 'Raise the quota that the message names, or delete ended Jobs that count; nodes go on one after the other within half a minute.',
  },
  PodRefused: {
    status: 'False',
    event: 'Warning',
    retry: 'backoff',
    meaning:
      "The Job exists, but its pod is refused: Pod Security admission, a quota, or a webhook in the operator's namespace.",
    todo: 'Allow privileged pods in that namespace (label pod-security.kubernetes.io/enforce=privileged), or raise the quota.',
  },
  PodRejected: {
    status: 'False',
    event: 'Warning',
    retry: 'backoff',
    meaning: 'The kubelet refused the pod, for example for lack of resources.',
    todo: 'Read its answer in the message.',
  },
  ImagePullFailed: {
    status: 'False',
    event: 'Warning',
    retry: 'backoff',
    meaning: "The installer's image cannot be pulled on this node.",
    todo: 'Check the image reference, the registry, and imagePullSecrets.',
  },
  ContainerNotStarted: {
    status: 'False',
    event: 'Warning',
    retry: 'backoff',
    meaning: 'The image is there, but a container of the Job cannot be started, for example for a missing ConfigMap.',
    todo: 'Read the message.',
  },
  Evicted: {
    status: 'False',
    event: 'Warning',
    retry: 'backoff',
    meaning: "The Job's pod was evicted or the node shut down before it had ended.",
    todo: 'Look at the pressure on the node, or set installer.priorityClassName.',
  },
  OutOfMemory: {
    status: 'False',
    event: 'Warning',
    retry: 'backoff',
    meaning: 'The installer was killed for lack of memory.',
    todo: 'Raise installer.resources.limits.memory, or free memory on the node.',
  },
  DeadlineExceeded: {
    status: 'False',
    event: 'Warning',
    retry: 'backoff',
    meaning: 'The Job did not end in time and was stopped; the host undoes an unfinished change by itself.',
    todo: 'Look at what the node was doing; raise installer.deadlineSeconds for slow ones.',
  },
  JobDeleted: {
    status: 'False',
    event: 'Warning',
    retry: 'backoff',
    meaning: 'The Job vanished before its result was read; the host undoes an unfinished change by itself.',
    todo: 'Nothing; it runs again.',
  },
  NoVerdict: {
    status: 'False',
    event: 'Warning',
    retry: 'backoff',
    meaning: 'The Job ended without telling what it did.',
    todo: "Read the Job's logs; check that installer.image is the operator's own version.",
  },
  InstallFailed: {
    status: 'False',
    event: 'Warning',
    retry: 'backoff',
    meaning: 'The installation went wrong before anything live was touched.',
    todo: 'Read the message.',
  },
  UninstallFailed: {
    status: 'False',
    event: 'Warning',
    retry: 'backoff',
    meaning: 'Undoing went wrong before anything live was touched.',
    todo: 'Read the message.',
  },
  RolledBack: {
    status: 'False',
    event: 'Warning',
    retry: 'backoff',
    meaning: 'The change did not prove itself and was undone: the node is as it was and containerd serves.',
    todo: 'Read the message.',
  },
  Refused: {
    status: 'False',
    event: 'Warning',
    retry: 'person',
    meaning: 'This host cannot or must not be changed; nothing was touched.',
    todo: 'Read the message. A Shim that is mended is tried at once; when the cause was another, remove the trigger and set it again.',
  },
  UninstallRefused: {
    status: 'False',
    event: 'Warning',
    retry: 'backoff',
    meaning:
      'What was installed on this host cannot or must not be taken off as the host is now; nothing was touched. Labels are off, so no new Wasm pod comes.',
    todo: 'Mend what the message names. It is tried again every few minutes; the annotation kwasm.sh/retry=true has it tried at once.',
  },
  InUse: {
    status: 'False',
    event: 'Warning',
    retry: 'backoff',
    meaning:
      'Pods on this node still use handlers that are to be removed, by an uninstall, or by an upgrade that brings them no more. Nothing was touched; after an uninstall has begun, new ones no longer come.',
    todo: 'Delete the pods named in the message, or wait for their end; it is tried again until they are gone.',
  },
  EndingPods: {
    status: 'False',
    event: 'Normal',
    retry: 'cluster',
    meaning:
      'Pods on this node still use the handlers that are to be removed, and are being evicted or deleted, as the uninstall policy says.',
    todo: 'Wait; the uninstall goes on when they are gone.',
  },
  PodsHeld: {
    status: 'False',
    event: 'Warning',
    retry: 'cluster',
    meaning:
      'Pods that are to be ended for the uninstall cannot be: a PodDisruptionBudget, a webhook, or a missing permission keeps them. It is tried again, for as long as kwasmOperator.uninstall.timeoutSeconds says.',
    todo: "Read the API server's answer in the message: start replicas elsewhere, mend the budget, or delete the pods.",
  },
  PodsAtRisk: {
    status: 'False',
    event: 'Warning',
    retry: 'backoff',
    meaning:
      'Pods on this node run on a shim that a restart of containerd would end. Nothing was touched. Shims built on containerd-shimkit 0.1.2 or before are like that, and any that hangs. So does a restart of a unit with KillMode=control-group or mixed, with every pod.',
    todo: 'Cordon the node and delete or move the pods named in the message; it is tried again until they are gone. A unit that it names gets KillMode=process.',
  },
  NoHandlers: {
    status: 'False',
    event: 'Warning',
    retry: 'person',
    meaning: 'The installer ended well, but no handler was proved live.',
    todo: "Check what the installer image brings; for a third-party image, its Job's logs.",
  },
  Broken: {
    status: 'False',
    event: 'Warning',
    retry: 'person',
    meaning: 'The roll-back did not bring containerd back. Nothing more is tried automatically.',
    todo: 'Mend containerd on the node by hand, remove /var/lib/kwasm/txn there, then remove the trigger and set it again; if it is removed already, annotate the node with kwasm.sh/retry=true.',
  },
} as const satisfies Readonly<Record<string, ReasonRow>>;

export type Reason = keyof typeof REASONS;

/** Nothing was touched, and what is in the way may go at any time: asked again without end. */
export const ENDLESS: ReadonlySet<string> = new Set<Reason>(['InUse', 'PodsAtRisk', 'UninstallRefused']);

/** Of those, pods are in the way, which end when they end: no failure of the node. */
export const PATIENT: ReadonlySet<string> = new Set<Reason>(['InUse', 'PodsAtRisk']);

export function isReason(text: unknown): text is Reason {
  return typeof text === 'string' && Object.hasOwn(REASONS, text);
}

/** What is said about a node: a reason of the list and a sentence for a person. */
export interface Finding {
  readonly reason: Reason;
  readonly message: string;
  /** The text may vary while the reason lasts; the first one stays, or the condition would be written at every turn. */
  readonly sticky?: true;
}
