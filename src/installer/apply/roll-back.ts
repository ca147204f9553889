import type { Clock } from '../../clock.ts';
import type { InstallReason } from '../../contract.ts';
import { messageOf } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import type { Cri } from '../cri/client.ts';
import type { Host } from '../host.ts';
import { decide, readOutcome } from './decision.ts';
import { type Journal, removeJournal } from './journal.ts';
import { neverRestarted } from './service.ts';
import { disarmSwitch, isFiring, runRestore } from './switch.ts';
import { verify } from './verify.ts';

export interface RolledBack {
  readonly kind: 'rolledBack' | 'broken';
  readonly reason: InstallReason;
  readonly message: string;
}

const POLL_MS = 500;

/** By the same script that the host's timer runs, and then proved over CRI. Needs no signal: it must not be cut short. */
export async function rollBack(
  journal: Journal,
  why: { readonly reason: InstallReason; readonly message: string },
  { host, cri, clock, log }: { host: Host; cri: Cri; clock: Clock; log: Logger },
): Promise<RolledBack> {
  if ((await decide(host, journal.id, 'rollback')) === 'commit')
    return { kind: 'broken', reason: 'Internal', message: `${why.message}; yet the change is committed` };
  const endMs = clock.monotonicMs() + journal.limits.restoreMs;
  while ((await isFiring(host, journal.id)) && clock.monotonicMs() < endMs) await clock.sleep(POLL_MS);
  const said = await runRestore(host, journal.id, journal.limits.restoreMs);
  const outcome = readOutcome(host, journal.id);
  // Only now: were we killed before, the timer would still do it. A script that has not come to an end is left to it.
  if (outcome !== undefined) await disarmSwitch(host, journal.id);
  const lost = outcome?.startsWith('rolledBack') ? await lostStill(journal, { host, cri, clock }) : undefined;
  const untouched = lost !== undefined && (await neverRestarted(host, journal));
  if (outcome?.startsWith('rolledBack') && (lost === undefined || untouched)) {
    try {
      removeJournal(host, journal);
    } catch (error) {
      log.warn('could not remove the journal', { why: messageOf(error) }); // the next run does
    }
    const state = untouched
      ? `Its files are as they were before; containerd, which nobody has restarted since, does not serve: ${lost}`
      : 'The host is as it was before';
    return { kind: 'rolledBack', reason: why.reason, message: `${why.message}. ${state}` };
  }
  const state = lost ?? outcome ?? `${said.split('\n').at(-1)}; the host's timer may still do it`;
  return { kind: 'broken', reason: why.reason, message: `${why.message}. Undoing it did not help: ${state}` };
}

/** Pods that the restart itself has killed do not come back with the old files; a daemon that serves is what counts. */
async function lostStill(
  journal: Journal,
  { host, cri, clock }: { host: Host; cri: Cri; clock: Clock },
): Promise<string | undefined> {
  const baseline = { ...journal.baseline, sandboxes: [], containers: [] };
  const wanted = {
    service: journal,
    previousStart: undefined,
    baseline,
    expected: { handlers: [], gone: [] },
    deadlineMs: journal.limits.verifyMs,
    settleMs: 0,
  };
  try {
    await verify(host, cri, clock, wanted);
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}
