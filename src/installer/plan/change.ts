import type { InstallReason } from '../../contract.ts';
import type { ConfigFile } from './facts.ts';
import type { Handler } from './handlers.ts';

/** "Absent" is a state of its own: restoring it means removing the file. */
export type FileState = { readonly kind: 'absent' } | { readonly kind: 'file'; readonly text: string };

export interface FileChange {
  readonly path: string;
  readonly before: FileState;
  readonly after: FileState;
  /** What the distribution will make of it when it next starts the daemon: for the shadow copy, never written by us. */
  readonly renders?: ConfigFile;
}

/** Why a host is not changed, as data: for machines, and for the person who must act. */
export interface Finding {
  readonly reason: InstallReason;
  readonly message: string;
  /** Of `InUse`: the pods in the way, as a Verdict has them. */
  readonly pods?: readonly string[];
}

export interface Change {
  readonly kind: 'change';
  readonly files: readonly FileChange[];
  /** To be made before the files are written, parents first. */
  readonly createDirectories: readonly string[];
  /** To be removed after it, if empty. */
  readonly removeDirectories: readonly string[];
  /** What the daemon must serve afterwards, beside what it served before. */
  readonly handlers: readonly Handler[];
  /** What it must serve no more. */
  readonly gone: readonly string[];
}

export type Plan =
  | Change
  /** Files as they should be, and the daemon serves them: no restart. */
  | { readonly kind: 'unchanged'; readonly handlers: readonly Handler[] }
  /** Uninstall: nothing of ours is in the configuration. */
  | { readonly kind: 'absent' }
  | { readonly kind: 'refused'; readonly finding: Finding };

export const refused = (reason: InstallReason, message: string): Plan & { kind: 'refused' } => ({
  kind: 'refused',
  finding: { reason, message },
});

export const ABSENT: FileState = { kind: 'absent' };
export const asState = (text: string): FileState => ({ kind: 'file', text });

export function sameState(a: FileState, b: FileState): boolean {
  return a.kind === 'file' && b.kind === 'file' ? a.text === b.text : a.kind === b.kind;
}
