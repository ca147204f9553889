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
  /** As /proc/PID/exe names it. */
  readonly binary: string;
  /** The file on disk is no longer the one that runs: a restart would start another version. */
  readonly binaryReplaced: boolean;
  /** Whoever writes the configuration anew at each start, by name; undefined: a plain file that stays. */
  readonly generatedBy: string | undefined;
  /** Empty: no systemd unit owns the process. */
  readonly unit: string;
  readonly config: ConfigFacts;
  /** Merged configuration as the daemon's own binary prints it for the files on disk. */
  readonly dump: unknown;
  readonly live: readonly LiveHandler[];
}

export interface ConfigFacts {
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
