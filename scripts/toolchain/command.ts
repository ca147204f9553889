export type ToolchainName = 'go' | 'cargo';

/** How to start a toolchain's program: hand it to execa or spawn as it is. */
export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  /** To be added to the caller's own environment. */
  readonly env: Readonly<Record<string, string>>;
}

export interface CommandContext {
  /** Absolute; the same path is valid inside a root file system, too. */
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Absolute directories, beside cwd and the caches, that the command writes to or reads from. */
  readonly writable?: readonly string[];
}

export interface Toolchain {
  /** For people: which one was chosen and why. */
  readonly description: string;
  /** `go` or `cargo` with these arguments. */
  command(args: readonly string[], context: CommandContext): Command;
}

export interface Need {
  /** The oldest version that will do, as `1.26` or `1.91.0`. */
  readonly version: string;
  /** Debian packages that the build needs beside the compiler. Installed where we may, else named. */
  readonly packages?: readonly string[];
  readonly say: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
}
