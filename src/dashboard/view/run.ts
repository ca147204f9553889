import type { V1Pod } from '@kubernetes/client-node';
import { ARM_CONTAINER, CANARY_CONTAINER, GUARD_CONTAINER, INSTALLER_CONTAINER } from '../../contract.ts';
import { projectPod } from '../../operator/decide/project.ts';
import type { JobView, PodView } from '../../operator/decide/view.ts';
import { parseVerdict, type Verdict } from '../../verdict.ts';
import type { Run } from '../wire.ts';

/** A pod of a Job: the operator's view, and the times of its containers. */
export interface SeenPod {
  readonly view: PodView;
  readonly startedMs: number;
  readonly endedMs: number;
}

export function seePod(pod: V1Pod): SeenPod {
  const statuses = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
  const ended = statuses.flatMap(({ state }) => state?.terminated ?? []);
  const started = ended.map(({ startedAt }) => timeMs(startedAt)).filter((ms) => ms > 0);
  return {
    view: projectPod(pod),
    startedMs: started.length > 0 ? Math.min(...started) : 0,
    endedMs: Math.max(0, ...ended.map(({ finishedAt }) => timeMs(finishedAt))),
  };
}

/** Each try of each Job, newest first. A pod of the DaemonSet counts as one. */
export function runsOf(jobs: readonly JobView[], pods: readonly SeenPod[]): readonly Run[] {
  const runs = pods.map((pod) =>
    runOf(
      jobs.find(({ uid }) => uid === pod.view.jobUid),
      pod,
    ),
  );
  const bare = jobs.filter(({ uid }) => !pods.some(({ view }) => view.jobUid === uid)).map(runWithoutPod);
  return [...runs, ...bare].sort((a, b) => b.startedMs - a.startedMs);
}

const NOTHING = { steps: [], files: [], handlers: [] } as const;

function runOf(job: JobView | undefined, { view, startedMs, endedMs }: SeenPod): Run {
  const verdict = verdictOf(view);
  const failed = view.containers.find(({ state }) => state.kind === 'ended' && state.exitCode !== 0)?.state;
  const going = job?.end === undefined && (view.phase === 'Pending' || view.phase === 'Running');
  const base = {
    action: actionOf(job, view),
    job: job?.name ?? '',
    pod: view.name,
    image: job?.image ?? view.agent?.image ?? '',
    startedMs: startedMs || view.createdMs,
    endedMs: going ? 0 : endedMs || job?.end?.atMs || 0,
  } as const;
  if (verdict !== undefined) {
    const { outcome, reason, message, steps, files, handlers } = verdict;
    return { ...base, outcome, reason, message, steps, files, handlers };
  }
  if (going) return { ...base, ...NOTHING, outcome: 'running', reason: '', message: troubleOf(view) };
  const good = failed === undefined && view.phase === 'Succeeded';
  // What a stranger's container wrote at its end is not shown: it may hold anything.
  const exit = failed?.kind === 'ended' ? `exit code ${failed.exitCode}${failed.reason && `, ${failed.reason}`}` : '';
  const said = [view.reason, view.message, exit].filter(Boolean).join(': ');
  return { ...base, ...NOTHING, outcome: good ? 'succeeded' : 'lost', reason: view.reason, message: said };
}

function runWithoutPod(job: JobView): Run {
  const { name, image, createdMs, end } = job;
  const action = job.action === 'removeAll' || job.action === undefined ? 'unknown' : job.action;
  const outcome = end === undefined ? 'running' : end.kind === 'complete' ? 'succeeded' : 'lost';
  const message = end?.message ?? 'no pod of it is there';
  const times = { startedMs: createdMs, endedMs: end?.atMs ?? 0 };
  const said = { outcome, reason: end?.reason ?? '', message };
  return { action, job: name, pod: '', image, ...times, ...said, ...NOTHING };
}

function actionOf(job: JobView | undefined, { agent }: PodView): Run['action'] {
  if (agent !== undefined) return 'install';
  return job?.action === undefined || job.action === 'removeAll' ? 'unknown' : job.action;
}

/** Of a guarded Job the guard's word counts, and of one that never got so far that of the arm container. */
const JUDGES = [GUARD_CONTAINER, INSTALLER_CONTAINER, CANARY_CONTAINER, ARM_CONTAINER];

function verdictOf({ containers, agent }: PodView): Verdict | undefined {
  const ended = JUDGES.flatMap((judge) => containers.filter(({ name }) => name === judge)).map(({ state }) => state);
  const states = agent?.run === undefined ? ended : [agent.run.state, ...ended];
  for (const state of states) {
    const verdict = state.kind === 'ended' ? parseVerdict(state.text) : undefined;
    if (verdict !== undefined) return verdict;
  }
  return undefined;
}

function troubleOf({ containers }: PodView): string {
  const waiting = containers.flatMap(({ state }) =>
    state.kind === 'waiting' && !BEGINNING.has(state.reason) ? [state] : [],
  )[0];
  return waiting === undefined ? '' : [waiting.reason, waiting.message].filter(Boolean).join(': ');
}

const BEGINNING: ReadonlySet<string> = new Set(['', 'PodInitializing', 'ContainerCreating']);

function timeMs(time: Date | string | undefined): number {
  const ms = time === undefined ? Number.NaN : Date.parse(String(time));
  return Number.isNaN(ms) ? 0 : ms;
}
