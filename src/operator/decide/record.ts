import { isReason, type Reason } from './reason.ts';
import type { Proved } from './shims/proved.ts';
import type { NodeView } from './view.ts';

/**
 * The operator's memory of one node, in an annotation of that node: a restart with 5,000 provisioned nodes reads it and
 * writes nothing, and a Job's verdict outlives the Job's TTL.
 *
 * - installing: the agent of a DaemonSet's pod was seen at work, so that there is something to undo
 * - installed: the last run proved `handlers`
 * - proving: the last run did, and canary pods have yet to: `proving`. `handlers` are those that served before
 * - failed: the last install did not; `handlers` are those of an earlier run that still serve
 * - removing: no longer wanted; labels are off, an uninstall is due or has failed with `reason`
 */
export interface NodeRecord {
  readonly version: 1;
  readonly state: 'installing' | 'installed' | 'proving' | 'failed' | 'removing';
  readonly reason: Reason;
  readonly message: string;
  /** Hash of the desired state that the last run had. */
  readonly desired: string;
  readonly image: string;
  /** uid of the Job whose result this is: a finished Job is read once. Empty: no Job's. */
  readonly job: string;
  readonly nodeUid: string;
  readonly machineId: string;
  readonly bootId: string;
  readonly handlers: readonly string[];
  readonly containerd: string;
  /** Something of ours may lie on the host: an uninstall is owed when the node is no longer wanted. */
  readonly touched: boolean;
  /** Runs that failed in a row for this desired state. */
  readonly attempts: number;
  /** The pods that held up the last uninstall, as its Verdict named them. */
  readonly pods?: readonly string[];
  /** Since when they are being ended, and how. */
  readonly ending?: { readonly policy: 'Evict' | 'Force'; readonly since: string };
  readonly at: string;
  /** The last run of the agent in a DaemonSet's pod that was read: what its pod says stays there as long as the pod. */
  readonly run?: string;
  /** Handlers that the last run proved, until canary pods have. */
  readonly proving?: readonly string[];
  /** Handlers that canary pods proved, after the installer. */
  readonly canary?: readonly string[];
  /** Why a node that is wanted is being undone, and the desired state that is not tried on it again. */
  readonly revert?: { readonly reason: Reason; readonly message: string; readonly desired: string } | undefined;
  /** What the node was when the run was read: a proof speaks for no other. Absent in records of before. */
  readonly kind?: string;
  readonly runtime?: string;
  /** How often in a row proved handlers were lost again. */
  readonly heals?: number;
  /** Names of the Shims that a run of ours may have put on the host; absent in records of before there were Shims. */
  readonly shims?: readonly string[];
  /** Of these, as what the last run that went well proved them. */
  readonly proved?: Proved;
  /**
   * The kubelet has not named all of `handlers` since the run that proved them: what it does not name is not lost. Here and
   * not in memory, because after a restart nobody could tell a handler that was never named from one that was and is gone.
   */
  readonly awaited?: boolean;
  /** The same, and a second run has said the same as the first: there is no third one for that. */
  readonly unreported?: boolean;
}

export type Memory =
  | { readonly kind: 'none' }
  /** Edited by hand or from a version we do not know: proves nothing, but somebody was here. */
  | { readonly kind: 'unreadable' }
  | { readonly kind: 'record'; readonly record: NodeRecord };

/** Fields are only ever added, so a record of a later version is readable as long as the known fields are as they were. */
export function recall(text: string | undefined): Memory {
  if (text === undefined) return { kind: 'none' };
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    return { kind: 'unreadable' };
  }
  return isRecord(data) ? { kind: 'record', record: data } : { kind: 'unreadable' };
}

const STRINGS = ['message', 'desired', 'image', 'job', 'nodeUid', 'machineId', 'bootId', 'containerd', 'at'] as const;

function isRecord(data: unknown): data is NodeRecord {
  if (typeof data !== 'object' || data === null) return false;
  const fields = data as { readonly [key in keyof NodeRecord]?: unknown };
  return (
    typeof fields.version === 'number' &&
    isState(fields.state) &&
    isReason(fields.reason) &&
    STRINGS.every((key) => typeof fields[key] === 'string') &&
    Number.isFinite(Date.parse(String(fields.at))) &&
    isStrings(fields.handlers) &&
    typeof fields.touched === 'boolean' &&
    Number.isInteger(fields.attempts) &&
    isStrings(fields.pods ?? []) &&
    isEnding(fields.ending) &&
    isStrings(fields.proving ?? []) &&
    isStrings(fields.canary ?? []) &&
    isStrings(fields.shims ?? []) &&
    isStrings(Object.values(fields.proved ?? {})) &&
    isRevert(fields.revert) &&
    isStringOrAbsent(fields.run) &&
    isStringOrAbsent(fields.kind) &&
    isStringOrAbsent(fields.runtime) &&
    Number.isInteger(fields.heals ?? 0) &&
    typeof (fields.awaited ?? false) === 'boolean' &&
    typeof (fields.unreported ?? false) === 'boolean'
  );
}

const STATES: ReadonlySet<unknown> = new Set(['installing', 'installed', 'proving', 'failed', 'removing']);

function isState(data: unknown): data is NodeRecord['state'] {
  return STATES.has(data);
}

function isStrings(data: unknown): boolean {
  return Array.isArray(data) && data.every((one) => typeof one === 'string');
}

function isRevert(data: unknown): boolean {
  if (data === undefined) return true;
  if (typeof data !== 'object' || data === null) return false;
  const { reason, message, desired } = data as { readonly [key in keyof NonNullable<NodeRecord['revert']>]?: unknown };
  return isReason(reason) && typeof message === 'string' && typeof desired === 'string';
}

function isStringOrAbsent(data: unknown): boolean {
  return data === undefined || typeof data === 'string';
}

function isEnding(data: unknown): boolean {
  if (data === undefined) return true;
  if (typeof data !== 'object' || data === null) return false;
  const { policy, since } = data as { readonly policy?: unknown; readonly since?: unknown };
  return (policy === 'Evict' || policy === 'Force') && Number.isFinite(Date.parse(String(since)));
}

/** Being undone although it is wanted. */
export type Reverting = NodeRecord & { readonly revert: NonNullable<NodeRecord['revert']> };

export function isReverting(record: NodeRecord | undefined): record is Reverting {
  return record?.state === 'removing' && record.revert !== undefined;
}

/** An empty machine id says nothing: some kubelets report none. */
export function isOfThisNode(record: NodeRecord, node: NodeView): boolean {
  if (record.nodeUid !== node.uid) return false;
  return record.machineId === node.machineId || record.machineId === '' || node.machineId === '';
}
