import { ARM_CONTAINER, GUARD_CONTAINER, INSTALLER_CONTAINER, type InstallReason } from '../../contract.ts';
import { parseVerdict, type Verdict } from '../../verdict.ts';
import type { Action } from './action.ts';
import { type Finding, isReason, PATIENT, type Reason } from './reason.ts';
import type { ContainerView, JobView, PodView } from './view.ts';

/** What a Job comes to, read from the Job, its pods, and the verdict its newest pod left. */
export type JobOutcome =
  /**
   * `started`: a container ran, so the host may have been touched; `installing`: the one that changes the host did;
   * `trouble`: why it does not get on.
   */
  | {
      readonly kind: 'running';
      readonly started: boolean;
      readonly installing: boolean;
      readonly trouble: Finding | undefined;
    }
  /** The Job has ended, its pod's end has not been seen yet: two watches, no order between them. `next`: to see it. */
  | { readonly kind: 'settling'; readonly next: Action }
  | { readonly kind: 'verdict'; readonly verdict: Verdict }
  | { readonly kind: 'lost'; readonly finding: Finding };

/** For so long the watch is waited for; then the API server is asked, since a broken watch may be minutes behind. */
const SETTLE_MS = 15_000;
const SETTLE_CHECK_MS = 1_000;

/** `asked`: they are as they were some time after the Job's end; what is not there then is gone. */
export function outcomeOf(
  job: JobView,
  allPods: readonly PodView[],
  refusal: string | undefined,
  asked: boolean,
  nowMs: number,
): JobOutcome {
  const pods = allPods.filter(({ jobUid }) => jobUid === job.uid).sort((a, b) => b.createdMs - a.createdMs);
  const newest = pods[0];
  if (job.end === undefined) {
    const word = newest && guardsWord(newest);
    if (word !== undefined) return { kind: 'verdict', verdict: word };
    const trouble = newest === undefined ? refusalFinding(refusal) : startTrouble(newest);
    return { kind: 'running', started: pods.some(hasStarted), installing: pods.some(installs), trouble };
  }
  const verdict = newest && verdictOf(newest);
  if (verdict !== undefined) return { kind: 'verdict', verdict };
  // A Job that failed on its deadline has had its pods deleted: nothing to wait for.
  const pending = job.end.reason !== 'DeadlineExceeded' && (newest === undefined || !hasEnded(newest));
  if (pending && !asked) {
    const ageMs = Math.abs(nowMs - job.end.atMs); // clocks differ: only a near past or future means 'just now'
    const recheck = { kind: 'recheck', afterMs: SETTLE_CHECK_MS } as const;
    return { kind: 'settling', next: ageMs < SETTLE_MS ? recheck : { kind: 'readPods', job: job.uid } };
  }
  return { kind: 'lost', finding: lostFinding(job.end.reason, job.end.message, newest, refusal) };
}

function verdictOf(pod: PodView): Verdict | undefined {
  const guarded = pod.containers.some(({ name }) => name === GUARD_CONTAINER);
  return guarded ? guardsWord(pod) : said(pod, INSTALLER_CONTAINER);
}

/**
 * A guarded Job's word is the guard's alone, or the arm container's if that stopped everything: what the third-party
 * installer wrote is never read as a verdict. It may come before the Job's end: see restore.sh for a pod without one.
 */
function guardsWord(pod: PodView): Verdict | undefined {
  const armed = said(pod, ARM_CONTAINER);
  return said(pod, GUARD_CONTAINER) ?? (armed?.reason === ('Armed' satisfies InstallReason) ? undefined : armed);
}

function said({ containers }: PodView, speaker: string): Verdict | undefined {
  const state = containers.find(({ name }) => name === speaker)?.state;
  return state?.kind === 'ended' ? parseVerdict(state.text) : undefined;
}

export function hasEnded({ phase }: PodView): boolean {
  return phase === 'Succeeded' || phase === 'Failed';
}

function hasStarted({ containers }: PodView): boolean {
  return containers.some(({ state }) => state.kind !== 'waiting');
}

function installs({ containers }: PodView): boolean {
  return containers.some(({ name, state }) => name === INSTALLER_CONTAINER && state.kind !== 'waiting');
}

const IMAGE_TROUBLE = new Set(['ErrImagePull', 'ImagePullBackOff', 'InvalidImageName', 'ErrImageNeverPull']);
const START_TROUBLE = new Set([
  'CreateContainerConfigError',
  'CreateContainerError',
  'RunContainerError',
  'ImageInspectError',
]);

export function startTrouble({ containers }: PodView): Finding | undefined {
  for (const { name, state } of containers) {
    if (state.kind !== 'waiting') continue;
    const detail = state.message === '' ? state.reason : state.message;
    // sticky: ImagePullBackOff and ErrImagePull take turns every few seconds, each with its own text.
    if (IMAGE_TROUBLE.has(state.reason)) {
      return {
        reason: 'ImagePullFailed',
        message: `the image of container ${name} cannot be pulled: ${pullCause(detail)}`,
        sticky: true,
      };
    }
    if (START_TROUBLE.has(state.reason)) {
      return { reason: 'ContainerNotStarted', message: `container ${name} cannot be started: ${cut(detail)}` };
    }
  }
  return undefined;
}

/** The cause without the kubelet's and gRPC's wrapping. */
function pullCause(detail: string): string {
  const bare = detail.replace(/^Back-off pulling image "[^"]*"(: )?/, '').replace(/^ErrImagePull: /, '');
  return cut(bare.replace(/^rpc error: code = \w+ desc = /, '')) || 'the kubelet backs off';
}

/** sticky: every attempt of the Job controller has another pod name in its text. */
function refusalFinding(refusal: string | undefined): Finding | undefined {
  if (refusal === undefined) return undefined;
  const cause = refusal.replace(/^Error creating: /, '').replace(/^pods "[^"]*" is /, '');
  return { reason: 'PodRefused', message: `the Job's pod is refused: ${cut(cause)}`, sticky: true };
}

const GONE = new Set([
  'Evicted',
  'Preempting',
  'Preempted',
  'NodeShutdown',
  'Terminated',
  'NodeLost',
  'DeletionByPodGC',
]);

function lostFinding(
  end: string,
  endMessage: string,
  newest: PodView | undefined,
  refusal: string | undefined,
): Finding {
  if (newest !== undefined) {
    const trouble = podEnd(newest);
    if (trouble !== undefined) return trouble;
  }
  const refused = newest === undefined ? refusalFinding(refusal) : undefined;
  if (refused !== undefined) return refused;
  if (end === 'DeadlineExceeded') {
    return { reason: 'DeadlineExceeded', message: `the Job was stopped: ${endMessage || 'its deadline passed'}` };
  }
  const said = newest === undefined ? 'and its pod is gone' : `(${exits(newest.containers)})`;
  return {
    reason: 'NoVerdict',
    message: `the Job ended ${said} without a verdict: ${cut(lastWords(newest) || endMessage || end)}`,
  };
}

function podEnd({ reason, message, containers }: PodView): Finding | undefined {
  if (GONE.has(reason)) return { reason: 'Evicted', message: `the Job's pod was ended (${reason}): ${cut(message)}` };
  const killed = containers.find(({ state }) => state.kind === 'ended' && state.reason === 'OOMKilled');
  if (killed !== undefined)
    return { reason: 'OutOfMemory', message: `container ${killed.name} was killed for lack of memory` };
  if (reason !== '' && !containers.some(({ state }) => state.kind !== 'waiting')) {
    return { reason: 'PodRejected', message: `the kubelet refused the pod (${reason}): ${cut(message)}` };
  }
  return undefined;
}

function exits(containers: readonly ContainerView[]): string {
  const codes = containers.flatMap(({ name, state }) =>
    state.kind === 'ended' ? [`${name}: exit ${state.exitCode}`] : [],
  );
  return codes.length === 0 ? 'no container ran' : codes.join(', ');
}

function lastWords(pod: PodView | undefined): string {
  const texts = pod?.containers.map(({ state }) => (state.kind === 'ended' ? state.text.trim() : '')) ?? [];
  return texts.find((text) => text !== '') ?? '';
}

const MESSAGE_LENGTH_MAX = 700;

/** For `kubectl describe`: one line, bounded. */
export function cut(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length <= MESSAGE_LENGTH_MAX ? line : `${line.slice(0, MESSAGE_LENGTH_MAX)} ...`;
}

/** What a verdict means for the node's condition; undefined when the run did what it should. */
export function findingOf(
  { outcome, reason, message, handlers }: Verdict,
  action: 'install' | 'uninstall',
): Finding | undefined {
  const said = `${cut(message).replace(/\.$/, '')} (${reason}).`;
  const as = (is: Reason): Finding => ({ reason: is, message: said });
  switch (outcome) {
    case 'installed':
    case 'unchanged':
      if (action === 'uninstall') return as('NoVerdict');
      return handlers.length === 0 ? as('NoHandlers') : undefined;
    case 'uninstalled':
    case 'absent':
      return action === 'install' ? as('NoVerdict') : undefined;
    case 'refused':
      if (isReason(reason) && PATIENT.has(reason)) return as(reason);
      return as(action === 'install' ? 'Refused' : 'UninstallRefused');
    case 'failed':
      return as(action === 'install' ? 'InstallFailed' : 'UninstallFailed');
    case 'rolledBack':
      return as('RolledBack');
    case 'broken':
      return as('Broken');
  }
}
