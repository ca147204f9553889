import { Failure } from '../failure.ts';
import type { Host } from '../host.ts';
import { type Change, sameState } from '../plan/change.ts';
import type { Context } from './context.ts';
import { readDecision } from './decision.ts';
import { currentState, makeDirectory, removeSynced, writeText } from './files.ts';
import { type Journal, stagedNew, writeJournal } from './journal.ts';
import { readBaseline } from './observe.ts';
import { awaitQuiet } from './quiet.ts';
import { queueRestart, serviceState } from './service.ts';
import { assertAsPlanned, verification, verify } from './verify.ts';

/** The change goes live, is read by a new start of the daemon, and is proved. What fails is thrown, and to be undone. */
export async function goLive(change: Change, journal: Journal, context: Context): Promise<void> {
  await (journal.reload === 'watched' ? restartByWriting : writeAndRestart)(change, journal, context);
  await context.steps.run('verify', () => prove(journal, change, context));
}

async function writeAndRestart(change: Change, journal: Journal, context: Context): Promise<void> {
  const { steps, host } = context;
  await steps.run('write config', () => writeFiles(change, journal, context));
  await steps.run('restart', async () => {
    const before = await beforeRestart(journal, context);
    await queueRestart(host, journal.unit);
    await awaitNewStart(before, journal, change, context);
  });
}

/** What watches the files restarts the daemon by itself, so all that belongs before a restart belongs before the write. */
async function restartByWriting(change: Change, journal: Journal, context: Context): Promise<void> {
  const { steps } = context;
  const before = await steps.run('write config', async () => {
    const start = await beforeRestart(journal, context);
    await writeFiles(change, journal, context);
    return start;
  });
  await steps.run('restart', () => awaitNewStart(before, journal, change, context));
}

async function writeFiles(change: Change, journal: Journal, { host, signal }: Context): Promise<void> {
  for (const directory of change.createDirectories) makeDirectory(host.at(directory));
  for (const { path, before, after } of change.files) {
    signal.throwIfAborted();
    const assertOurTurn = (): void => {
      assertUndecided(host, journal.id);
      if (sameState(currentState(host, path), before)) return;
      throw new Failure('ConfigChanged', `${path} was changed by somebody else while this run prepared its change`);
    };
    assertOurTurn();
    if (after.kind === 'absent') removeSynced(host.at(path));
    else
      await writeText(host.at(path), after.text, 0o644, assertOurTurn, host.at(stagedNew(host.resolve(path), journal)));
  }
}

/** A stalled run may wake up after the switch has fired: it must not go on then. */
function assertUndecided(host: Host, id: string): void {
  if (readDecision(host, id) === undefined) return;
  throw new Failure('SwitchFired', 'the host has undone the change already: the time was too short');
}

/** The last moment before the daemon may read the change. Returns the start that it must leave behind. */
async function beforeRestart(journal: Journal, { host, cri, clock, limits, signal }: Context): Promise<string> {
  await awaitQuiet(cri, clock, limits.quietMs, signal);
  assertUndecided(host, journal.id);
  // Read again: pods may have come and gone since, and only those that run now can be lost.
  journal.baseline = await readBaseline(cri);
  await writeJournal(host, { ...journal, stage: 'restarting' });
  // Not the journal's: the daemon may have died and come back since, and that one is about to be restarted, too.
  const { start } = await serviceState(host, journal);
  assertUndecided(host, journal.id);
  return start;
}

/** Until CRI answers again; that everything is as it should be, and stays so, is the verification's part. */
async function awaitNewStart(previousStart: string, journal: Journal, change: Change, context: Context): Promise<void> {
  const wanted = { ...verification(journal, change, context.limits), previousStart, settleMs: 0 };
  await verify(context.host, context.cri, context.clock, wanted, context.signal);
}

async function prove(journal: Journal, change: Change, context: Context): Promise<void> {
  await verify(context.host, context.cri, context.clock, verification(journal, change, context.limits), context.signal);
  assertAsPlanned(context.host, journal);
}
