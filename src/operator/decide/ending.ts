/** Ending the pods that hold up an uninstall: what is known of each, and what it means. */
export interface PodRef {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/** How the pods were when they were last looked at. In memory only: a restarted operator looks again. */
export interface Ending {
  /** uid of the uninstall Job that named them. */
  readonly job: string;
  readonly atMs: number;
  readonly pods: readonly PodEnding[];
}

export interface PodEnding {
  /** `namespace/name` */
  readonly pod: string;
  /** ending: told to go, within its grace period; blocked: it cannot be told, `why` says what keeps it. */
  readonly state: 'gone' | 'ending' | 'blocked';
  readonly why: string;
}

/** What is read of a pod before it is touched. */
export interface HolderView {
  readonly uid: string;
  readonly node: string;
  readonly runtimeClass: string | undefined;
  /** Made by the kubelet from a file on the node: only that file's removal ends it. */
  readonly fromFile: boolean;
  readonly ended: boolean;
  /** When its grace period is over, if it is being deleted. */
  readonly leavesMs: number | undefined;
}

/** `namespace/name/uid`, as a Verdict names it. */
export function parsePod(text: string): PodRef | undefined {
  const [namespace = '', name = '', uid = '', ...rest] = text.split('/');
  return namespace !== '' && name !== '' && uid !== '' && rest.length === 0 ? { namespace, name, uid } : undefined;
}

/** An object that outlives its grace period so long is held by a finalizer, or by a kubelet that only the node can see. */
const OVERDUE_MS = 30_000;

/**
 * undefined: it is to be told to go. A name in a Verdict, or in a record that somebody has edited, is not taken on trust:
 * only a pod of this node that asked for a runtime by a RuntimeClass is ever touched.
 */
export function endingOf(
  ref: PodRef,
  node: string,
  found: HolderView | undefined,
  nowMs: number,
): PodEnding | undefined {
  const pod = `${ref.namespace}/${ref.name}`;
  if (found?.fromFile) return { pod, state: 'blocked', why: 'is a static pod; remove its manifest from the node' };
  if (found === undefined || found.uid !== ref.uid || found.node !== node || found.ended) {
    return { pod, state: 'gone', why: '' };
  }
  if (found.runtimeClass === undefined)
    return { pod, state: 'blocked', why: 'has no RuntimeClass, so it is left alone' };
  if (found.leavesMs === undefined) return undefined;
  return nowMs > found.leavesMs + OVERDUE_MS ? { pod, state: 'gone', why: '' } : { pod, state: 'ending', why: 'ends' };
}
