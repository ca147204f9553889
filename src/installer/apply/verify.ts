import type { Clock } from '../../clock.ts';
import { messageOf } from '../../errors.ts';
import type { Cri } from '../cri/client.ts';
import { Failure } from '../failure.ts';
import type { Host } from '../host.ts';
import type { Limits } from '../limits.ts';
import { type Baseline, type Expected, findLoss, type Loss } from '../plan/loss.ts';
import { areAsPlanned, type Journal } from './journal.ts';
import { observe } from './observe.ts';
import { type Service, serviceState } from './service.ts';

const POLL_MS = 200;

export interface Verification {
  readonly service: Service;
  /** The daemon must have been started anew since this one; undefined: any will do. */
  readonly previousStart: string | undefined;
  readonly baseline: Baseline;
  readonly expected: Expected;
  readonly deadlineMs: number;
  /** How long all must hold without a break. */
  readonly settleMs: number;
}

export function verification(
  journal: Journal,
  expected: Expected,
  { settleMs }: Pick<Limits, 'settleMs'>,
): Verification {
  return {
    service: journal,
    previousStart: journal.start,
    baseline: journal.baseline,
    expected,
    deadlineMs: journal.limits.verifyMs,
    settleMs,
  };
}

/** What runs is one thing, what the next start would load is another: both must be the change. */
export function assertAsPlanned(host: Host, journal: Journal): void {
  if (areAsPlanned(host, journal)) return;
  throw new Failure('ConfigChanged', 'somebody else has written to the configuration since the change was made');
}

/** Polls until everything holds for a while. "The unit is active" proves nothing; CRI itself must say so. */
export async function verify(
  host: Host,
  cri: Cri,
  clock: Clock,
  wanted: Verification,
  signal?: AbortSignal,
): Promise<void> {
  const endMs = clock.monotonicMs() + wanted.deadlineMs;
  let goodSinceMs: number | undefined;
  let start = '';
  for (;;) {
    const now = await look(host, cri, wanted);
    if (now.loss?.final) throw new Failure(now.loss.reason, now.loss.message);
    if (now.loss !== undefined || now.start !== start) goodSinceMs = undefined;
    start = now.start;
    if (now.loss === undefined) goodSinceMs ??= clock.monotonicMs();
    if (goodSinceMs !== undefined && clock.monotonicMs() - goodSinceMs >= wanted.settleMs) return;
    if (clock.monotonicMs() >= endMs) {
      const last = now.loss ?? { reason: 'RestartFailed', message: `${wanted.service.unit} did not settle` };
      throw new Failure(last.reason, `${last.message} (after ${Math.round(wanted.deadlineMs / 1000)} s)`);
    }
    await clock.sleep(POLL_MS, signal);
  }
}

async function look(
  host: Host,
  cri: Cri,
  { service, previousStart, baseline, expected }: Verification,
): Promise<{ readonly loss: Loss | undefined; readonly start: string }> {
  const notYet = (message: string): Loss => ({ reason: 'RestartFailed', message, final: false });
  let start = '';
  try {
    const found = await serviceState(host, service);
    start = found.start;
    if (!found.active) return { loss: notYet(`${service.unit} is ${found.state}`), start };
    if (start === previousStart) return { loss: notYet(`${service.unit} has not restarted containerd`), start };
    return { loss: findLoss(baseline, await observe(host, cri, baseline), expected), start };
  } catch (error) {
    // Neither answers at every moment: the daemon while it starts, systemd while it executes itself anew.
    return { loss: notYet(messageOf(error)), start };
  }
}
