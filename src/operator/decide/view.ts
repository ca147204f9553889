/**
 * What the operator keeps of each object: only what it decides on. A watch event whose view equals the one in the store
 * marks nothing, so a heartbeat (a node status with new times) costs one comparison. Every field here costs memory times
 * the number of nodes, and a field that changes by itself would turn heartbeats into work.
 */

export interface NodeView {
  readonly name: string;
  readonly uid: string;
  readonly leaving: boolean;
  /** Value of the trigger annotation and of the label with the same key. */
  readonly trigger: { readonly annotation: string | undefined; readonly label: string | undefined };
  /** Value of the annotation and of the label `kwasm.sh/uninstall-policy`. */
  readonly uninstallPolicy: { readonly annotation: string | undefined; readonly label: string | undefined };
  /** Names of Shims, as the annotation or the label has them, the label's `_` as commas. */
  readonly shims: string | undefined;
  readonly os: string;
  readonly ready: boolean;
  readonly machineId: string;
  readonly bootId: string;
  /** As the kubelet reports it: `containerd://2.1.4`; empty until it has. */
  readonly runtime: string;
  /** Runtime handlers that the kubelet reports, sorted; none with containerd 1.x, which does not tell it. */
  readonly handlers: readonly string[];
  /** Distribution, OS image, minor version of containerd, architecture. */
  readonly kind: string;
  readonly zone: string;
  readonly controlPlane: boolean;
  /** Keys of taints that keep pods away, without those that Kubernetes sets as a node's health changes. */
  readonly taints: readonly string[];
  /** Where in the list of its taints the startup taint is, last one first. */
  readonly startupTaint: readonly TaintAt[];
  /** A person wants nothing begun on it. */
  readonly paused: boolean;
  /** A person wants a failed undoing tried again. */
  readonly retry: boolean;
  /** The kubelet can mount an image, and containerd unpack it for that. */
  readonly mountsImages: boolean;
  /** Labels that decide on the node's pool, or that Shims select by. */
  readonly labels: Readonly<Record<string, string>>;
  readonly provisionedLabel: string | undefined;
  /** Handlers whose runtime label is on the node, sorted. */
  readonly runtimeLabels: readonly string[];
  /** Our record annotation, unparsed. */
  readonly record: string | undefined;
  readonly condition: ConditionView | undefined;
}

export interface TaintAt {
  readonly index: number;
  readonly key: string;
  readonly effect: string;
}

export interface ConditionView {
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
  readonly sinceMs: number;
}

export interface JobView {
  readonly name: string;
  readonly uid: string;
  /** The node it works on, by its ownerReference (KWasm's Jobs have it, too). */
  readonly node: string;
  readonly nodeUid: string | undefined;
  /** removeAll: no node's, but the word that none is wanted. undefined: a Job of KWasm's own operator. */
  readonly action: 'install' | 'uninstall' | 'canary' | 'removeAll' | undefined;
  /** Of a canary pod's Job. `run`: as a record's `job`. */
  readonly proves: { readonly handler: string; readonly run: string } | undefined;
  readonly desired: string | undefined;
  /** Names of the Shims that it installs; undefined: it was not told. */
  readonly shims: readonly string[] | undefined;
  readonly image: string;
  /** Containers of ours run before and beside a third-party installer. */
  readonly guarded: boolean;
  /** The machine it was made for; empty if it was not told. */
  readonly machineId: string;
  readonly createdMs: number;
  readonly leaving: boolean;
  readonly end: JobEnd | undefined;
}

export interface JobEnd {
  readonly kind: 'complete' | 'failed';
  readonly reason: string;
  readonly message: string;
  readonly atMs: number;
}

export interface PodView {
  readonly name: string;
  readonly uid: string;
  readonly node: string;
  readonly jobUid: string | undefined;
  readonly createdMs: number;
  readonly phase: string;
  /** Set when the kubelet or the control plane ended or refused the pod: Evicted, OutOfcpu, NodeShutdown. */
  readonly reason: string;
  readonly message: string;
  readonly containers: readonly ContainerView[];
  /** Of the DaemonSet's pods: they are there as long as their node is wanted, and belong to no Job. */
  readonly agent: AgentView | undefined;
}

export interface AgentView {
  readonly image: string;
  /** Being deleted. */
  readonly leaving: boolean;
  /** The installer's container is at work, or about to be. */
  readonly busy: boolean;
  /** A container of it was started at some time, so the host may have been touched. */
  readonly started: boolean;
  /** The last run that has ended. */
  readonly run: AgentRun | undefined;
}

export interface AgentRun {
  readonly id: string;
  readonly startedMs: number;
  readonly endedMs: number;
  readonly state: ContainerState & { readonly kind: 'ended' };
}

export interface ContainerView {
  readonly name: string;
  readonly state: ContainerState;
}

export type ContainerState =
  | { readonly kind: 'waiting'; readonly reason: string; readonly message: string }
  | { readonly kind: 'running' }
  | { readonly kind: 'ended'; readonly exitCode: number; readonly reason: string; readonly text: string };

/** A FailedCreate Event: the Job controller could not make the Job's pod. */
export interface RefusalView {
  readonly name: string;
  readonly jobUid: string;
  readonly message: string;
  readonly atMs: number;
}

export interface ClassView {
  readonly name: string;
  readonly handler: string;
  /** Carries our managed-by label. A class without it is somebody else's and is never written. */
  readonly ours: boolean;
  readonly nodeSelector: Readonly<Record<string, string>>;
  /** The Shim that it was made for. */
  readonly shim?: string | undefined;
  /** Digest of what was applied beside the handler. */
  readonly applied?: string | undefined;
}

/** That it is there says: begin nothing. */
export interface PauseView {
  readonly name: string;
  readonly reason: string;
}
