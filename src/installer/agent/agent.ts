import { writeFileSync } from 'node:fs';
import { Failure } from '../failure.ts';
import { type Report, type Run, reportOf } from '../run.ts';
import { afterRun, isGood, isPatient, type Next, nextOf, type Past, pastPath, readPast } from './past.ts';
import { type Slot, type SlotOptions, takeSlot } from './slots.ts';

export interface AgentOptions {
  readonly run: Run;
  readonly slots: SlotOptions;
  /** A directory that lives as long as the pod. */
  readonly directory: string;
  readonly install: (run: Run) => Promise<Report>;
}

/** Longer than the kubelet ever waits before it starts a container again. */
const KEEP_SECONDS = 600;

/**
 * The init container of a DaemonSet's pod: waits for a slot, installs once, and ends. One that failed keeps its slot, and
 * so stops the others once all slots are held by failures; the kubelet starts it again, and it waits until another
 * attempt is due. A person lets the others go on by taking the node's label away, or by deleting the pod.
 */
export async function runAgent(options: AgentOptions): Promise<Report> {
  const { run, directory } = options;
  const past = readPast(directory);
  const next = nextOf(past, run.clock.nowMs());
  try {
    if (past !== undefined && isPatient(past)) await waitFor(next, run);
    const slot = await takeSlot(options.slots, run.signal);
    return await inSlot(slot, past, next, options);
  } catch (error) {
    return reportOf(run.signal.aborted ? run.signal.reason : error);
  }
}

async function inSlot(slot: Slot, past: Past | undefined, next: Next, options: AgentOptions): Promise<Report> {
  const { run, directory, install } = options;
  let kept = false;
  try {
    if (past !== undefined && !isPatient(past)) await waitFor(next, run);
    const report = await install(run);
    if (run.signal.aborted) return report; // the pod goes: it says nothing about the node
    const now = afterRun(past, report.outcome, report.reason, run.clock.nowMs());
    writeFileSync(pastPath(directory), JSON.stringify(now));
    kept = !isGood(now) && !isPatient(now);
    return report;
  } finally {
    await (kept ? slot.keep(KEEP_SECONDS) : slot.release());
  }
}

async function waitFor(next: Next, { clock, log, signal }: Run): Promise<void> {
  if (next.kind === 'now') return;
  if (next.kind === 'later') {
    log.info('the last attempt failed: waiting for the next', { afterMs: next.afterMs });
    await clock.sleep(next.afterMs, signal);
    return;
  }
  log.error('the last attempt failed, and no other follows: mend the node, then delete this pod');
  if (signal.aborted) throw stopped();
  await new Promise((_, reject) => signal.addEventListener('abort', () => reject(stopped()), { once: true }));
}

function stopped(): Failure {
  return new Failure('Interrupted', 'the run was told to stop');
}
