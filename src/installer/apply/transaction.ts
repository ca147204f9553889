import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path/posix';
import type { Clock } from '../../clock.ts';
import { HOST, type InstallReason } from '../../contract.ts';
import { messageOf } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import type { Cri } from '../cri/client.ts';
import { type Daemon, processesFrom } from '../detect/daemon.ts';
import { loadCommand } from '../detect/facts.ts';
import { bootId } from '../detect/identity.ts';
import { Failure } from '../failure.ts';
import type { Host } from '../host.ts';
import type { Limits } from '../limits.ts';
import { type Change, sameState } from '../plan/change.ts';
import type { ContainerdFacts } from '../plan/facts.ts';
import type { Expected } from '../plan/loss.ts';
import { SHIMS_DIR } from '../plan/shim.ts';
import { RECORD_PATH, readRecord } from '../record.ts';
import { Refusal } from '../refusal.ts';
import type { Steps } from '../steps.ts';
import { removeBootUnit, stageBootUnit } from './boot-unit.ts';
import { currentState, makeDirectory, removeSynced, writeText } from './files.ts';
import {
  areAsPlanned,
  decide,
  type Journal,
  prepareJournal,
  readDecision,
  removeJournal,
  removeStagedBackups,
  setPending,
  transactionDir,
  writeJournal,
} from './journal.ts';
import { readBaseline } from './observe.ts';
import { awaitQuiet } from './quiet.ts';
import { type RolledBack, rollBack } from './roll-back.ts';
import { removeIfEmpty, removeShims } from './stage.ts';
import { armSwitch, disarmSwitch, stageRestoreScript } from './switch.ts';
import { queueRestart, unitState } from './unit.ts';
import { validate } from './validate.ts';
import { verify } from './verify.ts';

export interface Context {
  readonly host: Host;
  readonly cri: Cri;
  readonly clock: Clock;
  readonly log: Logger;
  readonly steps: Steps;
  readonly limits: Limits;
  /** Aborted by SIGTERM: undo what is begun, begin nothing more. */
  readonly signal: AbortSignal;
  readonly newId: () => string;
}

export type Ended =
  | { readonly kind: 'committed' }
  /** Nothing live was touched. */
  | { readonly kind: 'failed'; readonly reason: InstallReason; readonly message: string }
  | RolledBack;

/** Writes a change so that the host ends either with it, proved, or as it was. */
export async function runTransaction(
  action: 'install' | 'uninstall',
  change: Change,
  runtime: ContainerdFacts,
  daemon: Daemon,
  context: Context,
): Promise<Ended> {
  const { host, steps } = context;
  const journal = await steps.run('back up', () => prepare(action, change, runtime, daemon, context));
  try {
    await steps.run('validate', () => validate(host, daemon, runtime, change, transactionDir(journal.id)));
    context.signal.throwIfAborted();
    await steps.run('arm switch', () => arm(journal, context));
  } catch (error) {
    await disarmSwitch(host, journal.id);
    removeJournal(host, journal);
    return { kind: 'failed', ...reasonOf(error) };
  }
  try {
    await steps.run('write config', () => writeFiles(change, journal, context));
    await steps.run('restart', () => restart(journal, runtime, change, context));
    await steps.run('verify', () => prove(journal, change, context));
    if ((await decide(host, journal.id, 'commit')) !== 'commit')
      throw new Failure('SwitchFired', 'the host undid the change before it was proved: the time was too short');
  } catch (error) {
    return steps.run('roll back', () => rollBack(journal, reasonOf(error), context));
  }
  // Decided: what cannot be cleaned up now, on a full disk, is cleaned up by the next run.
  await steps.run('clean up', () => finish(journal, context)).catch(warn('clean up', context));
  return { kind: 'committed' };
}

export const warn =
  (what: string, { log }: Pick<Context, 'log'>) =>
  (error: unknown): void => {
    log.warn(`could not ${what}`, { why: messageOf(error) });
  };

async function prepare(
  action: 'install' | 'uninstall',
  change: Change,
  runtime: ContainerdFacts,
  daemon: Daemon,
  { host, cri, newId }: Context,
): Promise<Journal> {
  await stageRestoreScript(host);
  const { invocation, mainPid } = await unitState(host, runtime.unit);
  if (mainPid !== runtime.pid) {
    throw new Refusal(
      'NoUnit',
      `containerd (pid ${runtime.pid}) is not the main process of ${runtime.unit} (pid ${mainPid}): a restart of that unit may not restart it`,
    );
  }
  const journal = {
    id: newId(),
    action,
    bootId: bootId(host),
    unit: runtime.unit,
    socket: runtime.socket,
    loadConfig: loadCommand(daemon, runtime.config.root),
    invocation,
    baseline: await readBaseline(cri),
    handlers: change.handlers,
    gone: change.gone,
    createDirectories: change.createDirectories,
    removeDirectories: change.removeDirectories,
    watched: [],
  };
  return prepareJournal(host, journal, change.files);
}

export async function arm(journal: Journal, { host, limits }: Pick<Context, 'host' | 'limits'>): Promise<void> {
  setPending(host, journal.id);
  await stageBootUnit(host, journal.unit);
  await armSwitch(host, journal.id, limits.switchSeconds);
  await writeJournal(host, { ...journal, stage: 'armed' });
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
    else await writeText(host.at(path), after.text, 0o644, assertOurTurn);
  }
}

/** A stalled run may wake up after the switch has fired: it must not go on then. */
function assertUndecided(host: Host, id: string): void {
  if (readDecision(host, id) === undefined) return;
  throw new Failure('SwitchFired', 'the host has undone the change already: the time was too short');
}

async function restart(journal: Journal, runtime: ContainerdFacts, change: Change, context: Context): Promise<void> {
  const { host, cri, clock, limits, signal } = context;
  await awaitQuiet(cri, clock, limits.quietMs, signal);
  assertUndecided(host, journal.id);
  // Read again: pods may have come and gone since, and only those that run now can be lost.
  journal.baseline = await readBaseline(cri);
  await writeJournal(host, { ...journal, stage: 'restarting' });
  // Not the journal's: the daemon may have died and come back since, and that one is about to be restarted, too.
  const { invocation } = await unitState(host, runtime.unit);
  assertUndecided(host, journal.id);
  await queueRestart(host, runtime.unit);
  const wanted = { ...verification(journal, change, context), previousInvocation: invocation, settleMs: 0 };
  // Until CRI answers again; that everything is as it should be, and stays so, is the verification's part.
  await verify(host, cri, clock, wanted, signal);
}

async function prove(journal: Journal, change: Change, context: Context): Promise<void> {
  await verify(context.host, context.cri, context.clock, verification(journal, change, context), context.signal);
  assertAsPlanned(context.host, journal);
}

/** What runs is one thing, what the next start would load is another: both must be the change. */
export function assertAsPlanned(host: Host, journal: Journal): void {
  if (areAsPlanned(host, journal)) return;
  throw new Failure('ConfigChanged', 'somebody else has written to the configuration since the change was made');
}

export function verification(journal: Journal, expected: Expected, { limits }: Pick<Context, 'limits'>) {
  return {
    unit: journal.unit,
    previousInvocation: journal.invocation,
    baseline: journal.baseline,
    expected,
    deadlineMs: limits.verifyMs,
    settleMs: limits.settleMs,
  };
}

/** After the decision to commit. Every part may be repeated by a later run. */
export async function finish(journal: Journal, { host }: Pick<Context, 'host'>): Promise<void> {
  await disarmSwitch(host, journal.id);
  removeStagedBackups(host, journal);
  for (const directory of journal.removeDirectories) removeIfEmpty(host, directory);
  if (journal.action === 'install') {
    const created = [...new Set([...readRecord(host).createdDirectories, ...journal.createDirectories])];
    await writeText(host.at(RECORD_PATH), `${JSON.stringify({ version: 1, createdDirectories: created })}\n`, 0o600);
  }
  removeJournal(host, journal);
}

/** Without an installation and without a change under way, nothing of ours stays on the host. */
export function tidyState(host: Host): void {
  if (existsSync(host.at(RECORD_PATH))) return;
  const open = host.at(join(HOST.state, 'txn'));
  if (existsSync(open) && !removeIfEmpty(host, join(HOST.state, 'txn'))) return;
  removeBootUnit(host);
  const state = host.at(HOST.state);
  for (const name of existsSync(state) ? readdirSync(state) : []) rmSync(join(state, name), { recursive: true });
  removeIfEmpty(host, HOST.state);
  // A run that died had staged them; no configuration names them.
  if (processesFrom(host, SHIMS_DIR).length === 0) removeShims(host);
}

export function reasonOf(error: unknown): { readonly reason: InstallReason; readonly message: string } {
  if (error instanceof Failure || error instanceof Refusal) return { reason: error.reason, message: error.message };
  // A wait that was cut short carries the reason of the abort as its cause.
  if (error instanceof Error && error.name === 'AbortError' && error.cause !== undefined) return reasonOf(error.cause);
  return { reason: 'Internal', message: messageOf(error) };
}
