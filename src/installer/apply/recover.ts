import type { Clock } from '../../clock.ts';
import type { Logger } from '../../log.ts';
import { connectCri } from '../cri/client.ts';
import { bootId } from '../detect/identity.ts';
import type { Host } from '../host.ts';
import type { GivenLimits } from '../limits.ts';
import { Refusal } from '../refusal.ts';
import { decide, readDecision, readOutcome } from './decision.ts';
import { type Journal, readJournals, removeJournal } from './journal.ts';
import { type RolledBack, rollBack } from './roll-back.ts';
import { serviceState } from './service.ts';
import { disarmSwitch, isArmed } from './switch.ts';
import { finish, reasonOf } from './transaction.ts';
import { assertAsPlanned, verification, verify } from './verify.ts';

export interface RecoverContext {
  readonly host: Host;
  readonly clock: Clock;
  readonly log: Logger;
  readonly limits: Pick<GivenLimits, 'settleMs'>;
}

export type Recovered =
  | { readonly kind: 'clean' }
  /** An earlier run of the same kind had done its work; now it is proved and committed. */
  | { readonly kind: 'resumed' }
  /** The run ends with this: a person must read it before anything is tried again. */
  | { readonly kind: 'ended'; readonly result: RolledBack };

/** Ends what an earlier run left unfinished, before anything new begins. It works without a living containerd. */
export async function recover(action: Journal['action'], context: RecoverContext): Promise<Recovered> {
  let recovered: Recovered = { kind: 'clean' };
  for (const journal of readJournals(context.host)) {
    const one = await recoverOne(journal, action, context);
    context.log.info('earlier run', { id: journal.id, action: journal.action, stage: journal.stage, ended: one.kind });
    if (one.kind === 'ended') return one;
    if (one.kind === 'resumed') recovered = one;
  }
  return recovered;
}

async function recoverOne(journal: Journal, action: Journal['action'], context: RecoverContext): Promise<Recovered> {
  const { host } = context;
  const outcome = readOutcome(host, journal.id);
  if (outcome?.startsWith('broken')) {
    const message = `an earlier change could not be undone: ${outcome}. Repair containerd, then remove /var/lib/kwasm/txn/${journal.id} on the node`;
    return { kind: 'ended', result: { kind: 'broken', reason: 'Broken', message } };
  }
  if (outcome !== undefined) {
    await disarmSwitch(host, journal.id);
    removeJournal(host, journal);
    if (journal.action !== action) return { kind: 'clean' };
    const message = `${outcome.endsWith('boot') ? 'the machine went down in the middle of an earlier run' : 'an earlier run did not finish in time'}, so the host undid its change by itself; it is as it was before`;
    return { kind: 'ended', result: { kind: 'rolledBack', reason: 'SwitchFired', message } };
  }
  const decision = readDecision(host, journal.id);
  if (decision === 'commit') {
    await finish(journal, context);
    return journal.action === action ? { kind: 'resumed' } : { kind: 'clean' };
  }
  if (journal.stage === 'prepared' && decision === undefined) {
    await disarmSwitch(host, journal.id);
    removeJournal(host, journal);
    return { kind: 'clean' };
  }
  if (decision === undefined && action !== 'guard' && (await isGuarding(journal, context))) {
    throw new Refusal(
      'Guarded',
      'a third-party installer is being watched over on this host; our own image must not run inside that Job, nor beside it',
    );
  }
  return undoOrResume(journal, action, context);
}

async function undoOrResume(journal: Journal, action: Journal['action'], context: RecoverContext): Promise<Recovered> {
  const { host, clock, limits, log } = context;
  const cri = connectCri(host.at(journal.socket), () => clock.nowMs());
  try {
    let why = { reason: 'SwitchFired' as const, message: 'an earlier run did not finish' } as ReturnType<
      typeof reasonOf
    >;
    if (journal.action !== 'guard' && journal.stage === 'restarting' && (await wasRestarted(journal, context))) {
      try {
        await verify(host, cri, clock, verification(journal, journal, limits));
        assertAsPlanned(host, journal);
        if ((await decide(host, journal.id, 'commit')) === 'commit') {
          await finish(journal, context);
          return journal.action === action ? { kind: 'resumed' } : { kind: 'clean' };
        }
      } catch (error) {
        why = reasonOf(error);
      }
    }
    const result = await rollBack(journal, why, { host, cri, clock, log });
    return result.kind === 'broken' ? { kind: 'ended', result } : { kind: 'clean' };
  } finally {
    cri.close();
  }
}

/** The pod that armed it still has a sandbox. A guard that was killed guards nothing: its change is undone like others. */
async function isGuarding(journal: Journal, { host, clock }: RecoverContext): Promise<boolean> {
  if (journal.action !== 'guard' || !(await isArmed(host, journal.id))) return false;
  const cri = connectCri(host.at(journal.socket), () => clock.nowMs());
  try {
    return (await cri.sandboxes()).some(({ podUid, ready }) => ready && podUid === journal.guarded?.podUid);
  } finally {
    cri.close();
  }
}

/** After a reboot nothing that ran before runs, so nothing can be proved: such a change is undone. */
async function wasRestarted(journal: Journal, { host }: RecoverContext): Promise<boolean> {
  if (readDecision(host, journal.id) !== undefined || journal.bootId !== bootId(host)) return false;
  const { start } = await serviceState(host, journal);
  return start !== '' && start !== journal.start;
}
