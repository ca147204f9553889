import type { CgroupDriver, NodeSpec } from './node-spec.ts';
import type { Progress } from './progress.ts';

/** What a person asks of a cluster; both providers understand it. */
export interface ClusterSpec {
  readonly name: string;
  /** A private /16 that nothing else on this machine uses. Left out: the cluster's, or the default. */
  readonly range?: string;
  /** Left out: those that the cluster has, or the provider's default. */
  readonly nodes?: readonly NodeSpec[];
}

/** Where clusters come from. There are two: `local` and `kind`. */
export interface Provider {
  readonly kind: 'local' | 'kind';
  /** Makes what is missing and starts what is not running; asking twice changes nothing. */
  up(spec: ClusterSpec, context: Context): Promise<Cluster>;
  /** Takes away whatever of it exists, also what an interrupted `up` left. */
  down(name: string, context: Context): Promise<void>;
  /** A cluster that `up` made; undefined when there is none. */
  open(name: string): Promise<Cluster | undefined>;
}

export interface Context {
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
}

export interface ClusterNode {
  readonly name: string;
  /** Its containerd's minor release, as `2.3`. */
  readonly containerd: string;
  readonly cgroupDriver: CgroupDriver;
  /** The InternalIP, reachable from this machine. */
  readonly address: string;
}

export interface ExecResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

export interface ExecOptions {
  readonly input?: string;
  /** Default: a minute. */
  readonly timeoutMs?: number;
}

/** A cluster as the demo and the end-to-end tests use it. */
export interface Cluster {
  readonly name: string;
  readonly provider: 'local' | 'kind';
  /** Absolute path of a kubeconfig with every right. */
  readonly kubeconfig: string;
  /** Absolute paths of the programs, at the versions that belong to this cluster. */
  readonly kubectl: string;
  readonly helm: string;
  /** `host:port`, the same string on this machine (push) and on the nodes (pull); plain HTTP. */
  readonly registry: string;
  /** The API server's audit log on this machine: one JSON event a line, level Metadata. */
  readonly auditLog: string;
  /** As of now; addNode and removeNode change it. */
  nodes(): Promise<readonly ClusterNode[]>;
  /** Runs a program in the node's own namespaces, as root. A failing program is a result, a missing node is an error. */
  exec(node: string, argv: readonly string[], options?: ExecOptions): Promise<ExecResult>;
  /** Returns when the node is Ready. */
  addNode(spec: NodeSpec): Promise<ClusterNode>;
  /** Takes the machine and its Node object away. */
  removeNode(node: string): Promise<void>;
  /** Power cut: every process of the node dies at once, its disk stays (and so does the host's page cache). */
  crash(node: string): Promise<void>;
  /** Starts a node that crashed; returns when its systemd has come up. */
  boot(node: string): Promise<void>;
}
