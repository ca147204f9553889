import type { Clock } from '../../clock.ts';
import { messageOf } from '../../errors.ts';
import type { Cri } from '../cri/client.ts';
import { Failure } from '../failure.ts';
import type { Host } from '../host.ts';
import { type Baseline, type Expected, findLoss, type Loss } from '../plan/loss.ts';
import { observe } from './observe.ts';
import { unitState } from './unit.ts';

const POLL_MS = 200;

export interface Verification {
  readonly unit: string;
  /** The daemon must have been started anew since this one; undefined: any will do. */
  readonly previousInvocation: string | undefined;
  readonly baseline: Baseline;
  readonly expected: Expected;
  readonly deadlineMs: number;
  /** How long all must hold without a break. */
  readonly settleMs: number;
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
  let invocation = '';
  for (;;) {
    const now = await look(host, cri, wanted);
    if (now.loss?.final) throw new Failure(now.loss.reason, now.loss.message);
    if (now.loss !== undefined || now.invocation !== invocation) goodSinceMs = undefined;
    invocation = now.invocation;
    if (now.loss === undefined) goodSinceMs ??= clock.monotonicMs();
    if (goodSinceMs !== undefined && clock.monotonicMs() - goodSinceMs >= wanted.settleMs) return;
    if (clock.monotonicMs() >= endMs) {
      const last = now.loss ?? { reason: 'RestartFailed', message: `${wanted.unit} did not settle` };
      throw new Failure(last.reason, `${last.message} (after ${Math.round(wanted.deadlineMs / 1000)} s)`);
    }
    await clock.sleep(POLL_MS, signal);
  }
}

async function look(
  host: Host,
  cri: Cri,
  { unit, previousInvocation, baseline, expected }: Verification,
): Promise<{ readonly loss: Loss | undefined; readonly invocation: string }> {
  const notYet = (message: string): Loss => ({ reason: 'RestartFailed', message, final: false });
  const { active, state, invocation } = await unitState(host, unit);
  if (!active || invocation === previousInvocation) return { loss: notYet(`${unit} is ${state}`), invocation };
  try {
    return { loss: findLoss(baseline, await observe(host, cri, baseline), expected), invocation };
  } catch (error) {
    return { loss: notYet(messageOf(error)), invocation };
  }
}
