/**
 * What goes from the server to the page. Rows carry what every node's tile, group and count needs; what only an opened
 * node shows is asked for when it is opened.
 */

/** In the order of the legend: what needs a person comes first. */
export const STATES = ['failed', 'retrying', 'held', 'working', 'waiting', 'ready', 'idle'] as const;
export type State = (typeof STATES)[number];

export interface NodeRow {
  readonly name: string;
  readonly state: State;
  /** What is being done, or was done last; idle nodes have neither. */
  readonly action: 'install' | 'uninstall' | undefined;
  /** Reason of the condition KwasmReady; empty: there is no condition yet. */
  readonly reason: string;
  readonly message: string;
  /** Of the condition's last transition; 0: none. */
  readonly sinceMs: number;
  /** Proved handlers, by their labels: pods can be scheduled to them now. */
  readonly handlers: readonly string[];
  /** When the last run was proved; 0: it was not. */
  readonly provedMs: number;
  /** Failed runs in a row. */
  readonly attempts: number;
  readonly ready: boolean;
  readonly cordoned: boolean;
  readonly kind: string;
  readonly distribution: string;
  readonly os: string;
  readonly containerd: string;
  readonly arch: string;
  readonly zone: string;
  readonly pool: string;
}

export interface Health {
  /** Resources whose watch has no connection, and why. */
  readonly troubles: readonly { readonly resource: string; readonly text: string }[];
  /** The first complete list of nodes is here. */
  readonly synced: boolean;
  /** Why nothing is begun anywhere; undefined: nobody paused the rollout. */
  readonly paused: string | undefined;
}

export interface Hello {
  readonly version: string;
  readonly server: string;
  readonly context: string;
  readonly namespace: string;
}

/** A shim that the cluster knows, and how far it is. */
export interface ShimRow {
  readonly name: string;
  readonly handler: string;
  readonly version: string;
  readonly desired: number;
  readonly ready: number;
  readonly failed: number;
  readonly reason: string;
  readonly message: string;
}

/** Events of the stream, by name. `nodes`: changed rows, and names of nodes that are gone. */
export interface Stream {
  readonly hello: Hello;
  readonly nodes: { readonly rows: readonly NodeRow[]; readonly gone: readonly string[] };
  /** Every row that there is has been sent. */
  readonly current: { readonly nodes: number };
  readonly health: Health;
  /** All of them; there are dozens at most. */
  readonly shims: readonly ShimRow[];
}

export interface Step {
  readonly name: string;
  readonly ms: number;
}

export interface Run {
  readonly action: 'install' | 'uninstall' | 'canary' | 'unknown';
  readonly job: string;
  readonly pod: string;
  readonly image: string;
  readonly startedMs: number;
  /** 0: it still runs. */
  readonly endedMs: number;
  /** As in the Verdict, or `running`, or `lost` where there is no Verdict. */
  readonly outcome: string;
  readonly reason: string;
  readonly message: string;
  readonly steps: readonly Step[];
  readonly files: readonly string[];
  readonly handlers: readonly string[];
}

export interface Happening {
  readonly atMs: number;
  readonly kind: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
  readonly count: number;
}

export interface Detail {
  readonly row: NodeRow;
  readonly meaning: string;
  readonly todo: string;
  readonly kubelet: string;
  readonly containerdVersion: string;
  readonly runs: readonly Run[];
  readonly record:
    | { readonly state: string; readonly reason: string; readonly image: string; readonly atMs: number }
    | undefined;
  /** Why Events could not be read; empty: they were. */
  readonly eventsMissing: string;
  readonly events: readonly Happening[];
}
