/** Everything a plan may depend on: gathered by detect/, made up by tests. */
export interface Facts {
  readonly host: HostFacts;
  readonly runtime: RuntimeFacts;
  /** Directories that an earlier run of ours had to make. */
  readonly createdDirectories: readonly string[];
}

export interface HostFacts {
  readonly machineId: string;
  /** As in Go and in OCI: amd64, arm64. */
  readonly arch: string;
  /** os-release's PRETTY_NAME. */
  readonly os: string;
  /** os-release's ID: what the way out depends on where nothing can be written. */
  readonly osId: string;
  /** Who made the node image, where a file of theirs says so. */
  readonly platform: Platform | undefined;
  readonly systemd: boolean;
  /** Directories we would have to write below that are on a read-only file system. */
  readonly readOnly: readonly string[];
}

export type RuntimeFacts =
  /** No CRI socket with a living process behind it. */
  | { readonly kind: 'none'; readonly searched: readonly string[] }
  | { readonly kind: 'other'; readonly name: string; readonly socket: string }
  | ContainerdFacts;

export interface ContainerdFacts {
  readonly kind: 'containerd';
  readonly version: string;
  readonly socket: string;
  readonly pid: number;
  /** Runs the very program that serves, as containerd: K3s' is one binary for everything, told by the name it is called. */
  readonly binary: string;
  /** The file on disk is no longer the one that runs: a restart would start another version. */
  readonly binaryReplaced: boolean;
  readonly distribution: Distribution;
  /** Empty: no systemd unit owns the process. */
  readonly unit: string;
  readonly config: ConfigFacts;
  /** Merged configuration as the daemon's own binary prints it for the files on disk. */
  readonly dump: unknown;
  readonly live: readonly LiveHandler[];
}

/** Who starts containerd, and what follows from that for everyone who changes it. */
export interface Distribution {
  readonly kind: DistributionKind;
  readonly name: string;
  /** As the distribution itself prints it; empty where it is not asked. */
  readonly release: string;
  readonly reload: Reload;
  /** How long the node may take until everything holds again: a K3s server restarts its control plane, too. */
  readonly verifySeconds: number;
  /** When the host undoes an unfinished change by itself. */
  readonly switchSeconds: number;
  /** Shims lie below it. */
  readonly prefix: string;
}
export type DistributionKind = 'generic' | 'k3s' | 'rke2' | 'k0s' | 'microk8s';

export type Reload =
  /** The unit's main process is the daemon. */
  | { readonly kind: 'unit' }
  /** The unit's main process starts the daemon as its child: restart that unit, expect another daemon. */
  | { readonly kind: 'parentUnit'; readonly parentPid: number }
  /** The parent watches the directory and restarts the daemon by itself: the rename is the restart, the unit stays up. */
  | { readonly kind: 'watched'; readonly parentPid: number };

/** Known for rewriting containerd's files behind everybody's back, or for their own ways. */
export interface Platform {
  readonly name: string;
  readonly note: string;
}

/** Where the root configuration comes from, and so where a change must be written. */
export type ConfigSource =
  /** It is a file that stays as it is. */
  | { readonly kind: 'file' }
  /** Rendered at each start from the first of these that exists; by Go's text/template, or by sed for a few `${NAME}`. */
  | { readonly kind: 'template'; readonly language: 'go' | 'sed'; readonly files: readonly (ConfigFile | AbsentFile)[] }
  /** Built at each start from defaults and every file of a directory, deeply merged; `into` is the imported result. */
  | {
      readonly kind: 'merged';
      readonly directory: string;
      readonly files: readonly ConfigFile[];
      readonly into: string | undefined;
    };

export interface ConfigFacts {
  readonly source: ConfigSource;
  readonly root: ConfigFile | AbsentFile;
  /** In the order in which containerd merges them. */
  readonly imported: readonly ConfigFile[];
  /** Import patterns with a `*`, absolute, in order, of all files. */
  readonly globs: readonly string[];
  /** Imports without a `*` whose file is missing: the daemon would not start again, though its dump says nothing. */
  readonly missing: readonly string[];
  /** Files named as our drop-in, in our own directory and in the globs', whether imported or not. */
  readonly dropIns: readonly ConfigFile[];
  /** By its presence KWasm's installer takes a node for configured, whatever the configuration says. */
  readonly kwasmMarker: ConfigFile | AbsentFile;
  /** Of the directories we might write to (and their parents), those that are missing. */
  readonly missingDirectories: readonly string[];
}

export interface ConfigFile {
  readonly kind: 'file';
  readonly path: string;
  readonly text: string;
}
export interface AbsentFile {
  readonly kind: 'absent';
  readonly path: string;
}

/** A handler of the running daemon, over CRI. */
export interface LiveHandler {
  readonly name: string;
  readonly type: string;
  readonly options: Readonly<Record<string, unknown>>;
}
