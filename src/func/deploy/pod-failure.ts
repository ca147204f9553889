import type { V1Pod } from '@kubernetes/client-node';
import { STILL_COMPILING } from '../../contract.ts';
import { CONTAINER } from './kinds.ts';

/** A pod that does not come up; how long it is waited for nevertheless is PullPatience's. */
export interface PodFailure {
  readonly pod: string;
  readonly reason: string;
  readonly message: string;
}

const TROUBLES = ['ErrImagePull', 'ImagePullBackOff', 'RegistryUnavailable', 'InvalidImageName', 'CrashLoopBackOff'];
const EXITS_MAX = 2;

/** Of the newest pod that was not there before: what older ones say is about an older version. */
export function podFailure(pods: readonly V1Pod[], before: ReadonlySet<string>): PodFailure | undefined {
  const newest = newestPod(pods.filter(({ metadata }) => !before.has(metadata?.uid ?? '')));
  const status = newest?.status?.containerStatuses?.find(({ name }) => name === CONTAINER);
  if (newest === undefined || status === undefined) return undefined;
  const { state, lastState, restartCount } = status;
  const pod = newest.metadata?.name ?? '';
  const ended = state?.terminated ?? lastState?.terminated;
  const waiting = state?.waiting;
  // Its node tries again, and finds the machine code.
  if (STILL_COMPILING.test(`${waiting?.message} ${ended?.message}`)) return undefined;
  if (waiting?.reason !== undefined && TROUBLES.includes(waiting.reason)) {
    const exit = ended === undefined ? undefined : `it ended with ${ended.exitCode}`;
    return { pod, reason: waiting.reason, message: [waiting.message, exit].filter(Boolean).join('; ') };
  }
  const exits = restartCount + (state?.terminated === undefined ? 0 : 1);
  if (ended === undefined || ended.exitCode === 0 || exits < EXITS_MAX) return undefined;
  return {
    pod,
    reason: ended.reason ?? 'Error',
    message: `it has ended ${exits} times, with ${ended.exitCode}`,
  };
}

export function newestPod(pods: readonly V1Pod[]): V1Pod | undefined {
  const created = ({ metadata }: V1Pod) => new Date(metadata?.creationTimestamp ?? 0).getTime();
  return pods
    .filter(({ metadata }) => metadata?.deletionTimestamp === undefined)
    .toSorted((one, other) => created(other) - created(one))[0];
}
