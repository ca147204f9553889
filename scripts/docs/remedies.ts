import type { Reason } from '../../src/operator/decide/reason.ts';

/** For docs/troubleshooting.md: the command that shows a reason's cause, and the one that mends it or goes on with it. */
export interface Remedy {
  readonly shows: string;
  /** undefined: it goes on by itself. */
  readonly mends?: string;
}

const FOLLOW = 'kwasm status --watch';
const RETRY = 'kwasm node retry NODE --wait';
const LOOK = { shows: 'kwasm doctor NODE', mends: RETRY } as const;
const LOG = { shows: 'kwasm logs NODE', mends: RETRY } as const;

const upgrade = (value: string) => `kwasm upgrade --set ${value}`;

export const REMEDIES: Readonly<Record<Reason, Remedy>> = {
  Provisioned: { shows: 'kwasm check' },
  Waiting: { shows: FOLLOW },
  Paused: { shows: 'kwasm status', mends: 'kwasm node resume NODE' },
  NoShim: { shows: 'kwasm shim list', mends: 'kwasm node enable NODE --shims ""' },
  ShimUnknown: { shows: 'kwasm shim list', mends: 'kwasm node enable NODE --shims NAME' },
  ShimConflict: { shows: 'kwasm shim list', mends: 'kubectl delete shims.kwasm.sh NAME' },
  ShimRefused: { shows: 'kwasm shim show NAME', mends: 'kwasm shim pin NAME VERSION | kubectl apply -f -' },
  RolloutStopped: { shows: 'kwasm status', mends: 'kwasm node retry NODE-OF-THE-MESSAGE --wait' },
  HandlersLost: { shows: 'kwasm doctor NODE' },
  Installing: { shows: 'kwasm logs NODE --follow' },
  AgentWorking: { shows: FOLLOW },
  NeedsLabel: { shows: 'kwasm status', mends: 'kwasm node enable NODE' },
  CanaryRunning: { shows: FOLLOW },
  CanaryFailed: { shows: 'kwasm doctor NODE', mends: RETRY },
  CanaryNotRun: { shows: 'kwasm status', mends: upgrade('kwasmOperator.canary.image=IMAGE') },
  Uninstalling: { shows: 'kwasm logs NODE --follow' },
  OldInstallerRunning: { shows: 'kwasm check --pre', mends: 'kwasm upgrade --release NAME -n NAMESPACE' },
  NodeNotReady: { shows: 'kubectl describe node NODE' },
  NotLinux: { shows: 'kwasm check --pre', mends: 'kwasm node disable NODE' },
  NotContainerd: { shows: 'kwasm check --pre', mends: 'kwasm node disable NODE' },
  NodeReplaced: { shows: FOLLOW },
  JobRefused: { shows: 'kwasm check --pre', mends: RETRY },
  QuotaExceeded: { shows: 'kubectl -n kwasm describe quota', mends: 'kubectl -n kwasm edit quota NAME' },
  PodRefused: {
    shows: 'kwasm check --pre',
    mends: 'kubectl label namespace kwasm pod-security.kubernetes.io/enforce=privileged --overwrite',
  },
  PodRejected: { shows: 'kubectl describe node NODE', mends: RETRY },
  ImagePullFailed: { shows: 'kwasm version', mends: upgrade('imageRegistry=REGISTRY --set image.tag=TAG') },
  ContainerNotStarted: { shows: 'kwasm status', mends: RETRY },
  Evicted: {
    shows: 'kubectl describe node NODE',
    mends: upgrade('kwasmOperator.installer.priorityClassName=system-node-critical'),
  },
  OutOfMemory: { shows: 'kwasm logs NODE', mends: upgrade('kwasmOperator.installer.resources.limits.memory=512Mi') },
  DeadlineExceeded: { shows: 'kwasm logs NODE', mends: upgrade('kwasmOperator.installer.deadlineSeconds=1800') },
  JobDeleted: { shows: FOLLOW },
  NoVerdict: LOG,
  InstallFailed: LOOK,
  UninstallFailed: LOOK,
  UninstallRefused: LOOK,
  RolledBack: LOOK,
  Refused: LOOK,
  InUse: { shows: 'kwasm status -o wide', mends: upgrade('kwasmOperator.uninstall.policy=Evict') },
  EndingPods: { shows: FOLLOW },
  PodsHeld: { shows: 'kubectl get poddisruptionbudgets -A', mends: upgrade('kwasmOperator.uninstall.policy=Force') },
  PodsAtRisk: { shows: 'kwasm doctor NODE', mends: 'kubectl drain NODE --ignore-daemonsets' },
  NoHandlers: LOG,
  Broken: { shows: 'kwasm doctor NODE', mends: RETRY },
};

export function remedyRows(): readonly string[] {
  return [
    '| reason | what shows it | what mends it |',
    '|---|---|---|',
    ...Object.entries(REMEDIES).map(
      ([reason, { shows, mends }]) => `| \`${reason}\` | ${code(shows)} | ${mends === undefined ? '' : code(mends)} |`,
    ),
  ];
}

/** In a table a bar ends the cell, also within code. */
function code(command: string): string {
  return `\`${command.replaceAll('|', '\\|')}\``;
}
