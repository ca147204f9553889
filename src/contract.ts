/**
 * The names that clusters, scripts and third-party images rely on. The first group is KWasm's own and never changes;
 * the rest is ours.
 */

/** Node annotation, or label with the same key: only the string 'true' asks for provisioning. */
export const TRIGGER = 'kwasm.sh/kwasm-node';

/** Node annotation, or label with the same key; 'true': nothing is begun on this node. */
export const PAUSED = 'kwasm.sh/paused';

/** Node annotation; 'true': an undoing that failed, or is given up, is tried again now. The operator takes it away. */
export const RETRY = 'kwasm.sh/retry';

/** A ConfigMap of this name in the operator's namespace: nothing is begun anywhere while it is there. */
export const PAUSE_CONFIG_MAP = 'kwasm-pause';

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
  /** Seconds after which the host undoes an unfinished change by itself; left out: as the distribution needs it. */
  switchSeconds: 'KWASM_SWITCH_SECONDS',
  /** CRI pod uid (downward API) and container name of a third-party installer that the guard waits for. */
  podUid: 'KWASM_POD_UID',
  /** Of the agent in a DaemonSet's pod: its node and namespace (downward API), and the Leases that are slots. */
  nodeName: 'KWASM_NODE_NAME',
  namespace: 'KWASM_NAMESPACE',
  slots: 'KWASM_SLOTS',
  /** The shims to install, as src/shims/order.ts has them; left out: every shim of the installer's image. */
  shims: 'KWASM_SHIMS',
  /** Prefix that stands for `https://` in the URL of every download: a mirror laid out by host. */
  mirror: 'KWASM_MIRROR',
} as const;

/** The longest that an installer chooses by itself for `switchSeconds`: K3s' and RKE2's restart is one of the control plane. */
export const LONGEST_SWITCH_SECONDS = 480;

/** On the pods of the DaemonSet, beside JOB_LABEL. */
export const AGENT_LABEL = 'kwasm.sh/agent';

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

/** Job labels and annotation of a canary pod's Job: the handler it tries, and the run whose work it proves. */
export const CANARY_ACTION = 'canary';
export const HANDLER_LABEL = 'kwasm.sh/handler';
export const PROVES_ANNOTATION = 'kwasm.sh/proves';
export const CANARY_CONTAINER = 'canary';
export const CANARY_JOB_SUFFIX = '-canary-kwasm';

/** RuntimeClass of canary pods: selects no nodes, for their node has no label yet. */
export const CANARY_CLASS_PREFIX = 'kwasm-canary-';

/**
 * Value of the action label on a Job that is no node's: while such a Job is in the operator's namespace, ended or not, no node is
 * wanted. `helm uninstall` makes it where the chart's cleanup.onUninstall says so.
 */
export const REMOVE_ALL = 'remove-all';

/** Job annotation: hash of the desired state the Job was made for. */
export const DESIRED_ANNOTATION = 'kwasm.sh/desired';

/** Node annotation: what the operator knows about this node, as JSON; a restarted operator reads it. */
export const RECORD_ANNOTATION = 'kwasm.sh/record';

/** Node annotation, or label: what is done about pods that hold up its uninstall, over the chart's value. */
export const UNINSTALL_POLICY = 'kwasm.sh/uninstall-policy';

/**
 * Node annotation: the Shims that this node is given, of those that are for it: `spin,wasmtime`. A label of the same key
 * separates them by `_`, which no Shim's name has and every label value may. On Jobs: those that the Job installs.
 */
export const SHIMS_ANNOTATION = 'kwasm.sh/shims';

/** On a Shim that nodes have: it goes when they have it no more. */
export const SHIM_FINALIZER = 'kwasm.sh/shim';

/** On a RuntimeClass of a Shim: whose it is, and what was applied beside its handler. */
export const SHIM_LABEL = 'kwasm.sh/shim';
export const APPLIED_ANNOTATION = 'kwasm.sh/applied';

/** On Shims that runtime-class-manager has in hand. */
export const RCM_FINALIZER = 'rcm.spinkube.dev/finalizer';

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

/** Why an installer run ended as it did: `reason` of its Verdict. For machines, and for the docs' table of what to do. */
export const INSTALL_REASONS = {
  Installed: 'the handlers were added and are proved live over CRI',
  Unchanged: 'the handlers were live already; nothing was written or restarted',
  Uninstalled: 'our change is undone and proved gone',
  NothingInstalled: 'nothing of ours is on this host',
  Armed: 'all is saved, and the timer is set, before a third-party installer runs',
  // Refused: nothing was touched, a person must act.
  NotHostPid: 'the pod lacks hostPID, or NODE_ROOT is not the root directory of the same host',
  OtherMachine: 'the machine id is not that of the node: another machine took the name',
  NoRuntime: 'no container runtime listens on any known CRI socket',
  NotContainerd: 'the kubelet uses another runtime than containerd',
  NoSystemd: 'the host is not run by systemd',
  NoUnit: 'the running containerd belongs to no systemd service',
  GeneratedConfig:
    'K3s, RKE2, k0s or MicroK8s makes the configuration anew at each start, and this release of it in a way that cannot be extended',
  UnsupportedContainerd: 'a containerd older than 1.6, or of an unknown major version',
  BinaryReplaced: 'the containerd binary was replaced since the daemon started',
  ReadOnlyHost: 'what would be written cannot be: its file system is read-only, it is immutable, or a mount of its own',
  ConfigUnreadable: 'a configuration file is not TOML that can be parsed',
  ConfigNotExtendable: 'the file is valid, but a runtime cannot be added or removed without changing more',
  ConfigNotLive: 'the files on disk declare other handlers than containerd runs with',
  ImportMissing: 'the configuration imports a file that does not exist',
  HandlerDeclaredElsewhere: 'somebody else declares a handler of the same name',
  ForeignFile: 'a file with the name of our drop-in was not written by us',
  NoShimForArch: 'the image carries no shim for the architecture of the host',
  InUse: 'pods still run on a handler that is to be removed',
  PodsAtRisk: 'pods run on a shim that a restart of containerd would end',
  Guarded: 'a third-party installer is being guarded on this host; run by that, our own must not start',
  UnknownJournal: 'a newer installer left a journal or a record that this version cannot read',
  OrderUnreadable: 'the shims that the operator orders are none that this version of the installer understands',
  SourceMissing: 'the place that a shim is ordered from does not have it',
  SourceUntrusted: 'the server that a shim is ordered from cannot prove who it is, or leads away from https',
  DigestMismatch: 'a download is not the file whose SHA-256 was ordered',
  ArchiveRejected: 'a download is larger than allowed, no archive, or an archive that nobody should unpack',
  SignatureInvalid: 'a shim is not signed as its order demands',
  WrongArch: 'what was brought for the architecture of the host is a program for another, or none',
  // Failed: nothing live was touched.
  Locked: 'another installer runs on this host',
  NoSpace: 'a file system to be written to has too little room left',
  DownloadFailed: 'a shim could not be downloaded: the server did not answer, broke off, or was too slow',
  NoAnswer: 'containerd does not answer on its socket',
  ShimCorrupt: 'a shim does not match its checksum, is no binary for this host, or does not start',
  ValidationFailed: 'containerd itself does not load the planned configuration as intended',
  ConfigChanged: 'somebody changed a file between planning and writing',
  SwitchNotArmed: 'the roll-back timer could not be set up on the host',
  Interrupted: 'the run was told to stop',
  Internal: 'an unforeseen error; the message has it',
  // Rolled back, or broken: the same reasons, told apart by the outcome.
  RestartFailed: 'containerd did not come back in time',
  HandlerNotServed: 'containerd came back without one of the handlers',
  HandlerLost: 'a handler that was there before is gone or changed',
  PodsLost: 'a pod sandbox or container did not survive the restart',
  SwitchFired: 'an earlier run did not finish; the host undid its change by itself',
  InstallerFailed: 'the third-party installer ended with an error',
  Broken: 'an earlier roll-back did not bring containerd back; a person must repair the node',
} as const;
export type InstallReason = keyof typeof INSTALL_REASONS;

/**
 * What our shim answers where the time of a container's start is over before its machine code is there; the compilation goes on (installer-image/shim/src/ahead.rs). It gets to people
 * and to us by way of containerd and the kubelet, which put words of their own around it.
 */
export const STILL_COMPILING = /WebAssembly is still being compiled on this node[^;]*; a later start finds it done/;
/** containerd's and the kubelet's words for a start that took longer than the kubelet waits. */
export const SLOW_START = /context (?:deadline exceeded|canceled)/;
