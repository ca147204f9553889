/**
 * The names that clusters, scripts and third-party images rely on. The first group is KWasm's own and never changes;
 * the rest is ours.
 */

/** Node annotation, or label with the same key: only the string 'true' asks for provisioning. */
export const TRIGGER = 'kwasm.sh/kwasm-node';

/** Node label; its value is the node's name. KWasm set it when the Job was created, we set it once the proof is in. */
export const PROVISIONED_LABEL = 'kwasm.sh/kwasm-provisioned';

/** On every Job the operator makes. */
export const JOB_LABEL = 'kwasm.sh/job';

/** The installer container's name, and the suffix of Job names, as KWasm's. */
export const INSTALLER_CONTAINER = 'kwasm-provision';
export const JOB_SUFFIX = '-provision-kwasm';
export const UNINSTALL_JOB_SUFFIX = '-unprovision-kwasm';

/** Where the host's / is mounted in an installer container; NODE_ROOT tells it. */
export const NODE_ROOT_PATH = '/mnt/node-root';
export const NODE_ROOT_VOLUME = 'root-mount';

/** What the operator tells our own installer beside NODE_ROOT. A third-party image ignores them. */
export const ENV = {
  nodeRoot: 'NODE_ROOT',
  /** kubelet's machine id: an installer never changes another machine that took the node's name. */
  machineId: 'KWASM_MACHINE_ID',
  /** Seconds after which the host undoes an unfinished change by itself. */
  switchSeconds: 'KWASM_SWITCH_SECONDS',
  /** CRI pod uid (downward API) and container name of a third-party installer that the guard waits for. */
  podUid: 'KWASM_POD_UID',
} as const;

/** Node label, value 'true': this handler was proved live on this node. Our RuntimeClasses select it. */
export function runtimeLabel(handler: string): string {
  return `${RUNTIME_LABEL_PREFIX}${handler}`;
}
export const RUNTIME_LABEL_PREFIX = 'runtime.kwasm.sh/';

/** On every RuntimeClass we apply; a class without it belongs to somebody else. */
export const MANAGED_BY_LABEL = 'app.kubernetes.io/managed-by';
export const MANAGED_BY = 'kwasm-operator';

/** Job label: what the Job does. */
export const JOB_ACTION_LABEL = 'kwasm.sh/action';
export type JobAction = 'install' | 'uninstall';

/** Job annotation: hash of the desired state the Job was made for. */
export const DESIRED_ANNOTATION = 'kwasm.sh/desired';

/** Node annotation: what the operator knows about this node, as JSON; a restarted operator reads it. */
export const RECORD_ANNOTATION = 'kwasm.sh/record';

/** The containers of ours that arm the host before a third-party installer and judge it after. */
export const ARM_CONTAINER = 'kwasm-arm';
export const GUARD_CONTAINER = 'kwasm-guard';

/** Node condition type. */
export const NODE_CONDITION = 'KwasmReady';

/** KWasm's lease name, kept: a controller-runtime id. */
export const LEASE_NAME = 'c74b86db.kwasm.sh';

/** Directories on the host. */
export const HOST = {
  /** As KWasm's: shims live below it. MicroK8s' confinement needs another (its own /var/snap/microk8s/common/kwasm). */
  prefix: '/opt/kwasm',
  /** Journal, backups and the restore script. */
  state: '/var/lib/kwasm',
} as const;
