import { existsSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path/posix';
import { HOST, type InstallReason } from '../../contract.ts';
import { messageOf } from '../../errors.ts';
import type { Daemon } from '../detect/daemon.ts';
import { loadCommand } from '../detect/facts.ts';
import { bootId } from '../detect/identity.ts';
import { Failure } from '../failure.ts';
import type { Host } from '../host.ts';
import { daemonLimits } from '../limits.ts';
import type { Change } from '../plan/change.ts';
import type { ContainerdFacts } from '../plan/facts.ts';
import { RECORD_PATH, readRecord } from '../record.ts';
import { Refusal } from '../refusal.ts';
import { removeBootUnit, stageBootUnit } from './boot-unit.ts';
import type { Context } from './context.ts';
import { decide } from './decision.ts';
import { makeDirectory, writeText } from './files.ts';
import {
  type Journal,
  prepareJournal,
  removeJournal,
  removeStagedBackups,
  setPending,
  transactionDir,
  writeJournal,
} from './journal.ts';
import { goLive } from './live-change.ts';
import { readBaseline } from './observe.ts';
import { type RolledBack, rollBack } from './roll-back.ts';
import { serviceState } from './service.ts';
import { removeIfEmpty, removeStaged } from './stage.ts';
import { forgetStaged } from './staged.ts';
import { armSwitch, disarmSwitch, stageRestoreScript } from './switch.ts';
import { troubleOf } from './trouble.ts';
import { validate } from './validate.ts';

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
    await steps.run('arm switch', () => arm(journal, host));
  } catch (error) {
    await disarmSwitch(host, journal.id);
    removeJournal(host, journal);
    return { kind: 'failed', ...reasonOf(error) };
  }
  try {
    await goLive(change, journal, context);
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
  { host, cri, limits, newId }: Context,
): Promise<Journal> {
  await stageRestoreScript(host);
  const { reload } = runtime.distribution;
  const service = { unit: runtime.unit, socket: runtime.socket, reload: reload.kind };
  const { start, mainPid } = await serviceState(host, service);
  const expected = reload.kind === 'unit' ? runtime.pid : reload.parentPid;
  if (mainPid !== expected) {
    throw new Refusal(
      'NoUnit',
      `containerd (pid ${runtime.pid}) is neither the main process of ${runtime.unit} (pid ${mainPid}) nor its child: a restart of that unit may not restart it`,
    );
  }
  const journal = {
    id: newId(),
    action,
    bootId: bootId(host),
    ...service,
    start,
    staging: stagingOf(runtime),
    limits: daemonLimits(limits),
    loadConfig: loadCommand(daemon, runtime.config.root),
    baseline: await readBaseline(cri),
    handlers: change.handlers,
    gone: change.gone,
    createDirectories: change.createDirectories,
    removeDirectories: change.removeDirectories,
    watched: [],
  };
  return prepareJournal(host, journal, change.files);
}

/** Every name in a watched directory counts, a temporary one too: what is not yet valid lies in the directory above. */
export function stagingOf({ config: { source } }: ContainerdFacts): string | undefined {
  return source.kind === 'merged' ? dirname(source.directory) : undefined;
}

export async function arm(journal: Journal, host: Host): Promise<void> {
  setPending(host, journal.id);
  await stageBootUnit(host, journal);
  await armSwitch(host, journal.id, journal.limits.switchSeconds);
  await writeJournal(host, { ...journal, stage: 'armed' });
}

/** After the decision to commit. Every part may be repeated by a later run. */
export async function finish(journal: Journal, { host }: Pick<Context, 'host'>): Promise<void> {
  await disarmSwitch(host, journal.id);
  removeStagedBackups(host, journal);
  for (const directory of journal.removeDirectories) removeIfEmpty(host, directory);
  if (journal.action === 'install') await writeRecord(host, journal.createDirectories);
  removeJournal(host, journal);
}

/** That there is an installation, for the uninstall: what was staged for it is part of it by now. */
export async function writeRecord(host: Host, createdDirectories: readonly string[]): Promise<void> {
  makeDirectory(host.at(HOST.state), 0o700);
  const created = [...new Set([...readRecord(host).createdDirectories, ...createdDirectories])];
  await writeText(host.at(RECORD_PATH), `${JSON.stringify({ version: 1, createdDirectories: created })}\n`, 0o600);
  forgetStaged(host);
}

/** Without an installation and without a change under way, nothing of ours stays on the host, but for shims that a configuration may name. */
export function tidyState(host: Host): void {
  if (existsSync(host.at(RECORD_PATH))) return;
  const open = host.at(join(HOST.state, 'txn'));
  if (existsSync(open) && !removeIfEmpty(host, join(HOST.state, 'txn'))) return;
  removeBootUnit(host);
  removeStaged(host);
  const state = host.at(HOST.state);
  for (const name of existsSync(state) ? readdirSync(state) : []) rmSync(join(state, name), { recursive: true });
  removeIfEmpty(host, HOST.state);
}

export function reasonOf(error: unknown): { readonly reason: InstallReason; readonly message: string } {
  if (error instanceof Failure || error instanceof Refusal) return { reason: error.reason, message: error.message };
  // A wait that was cut short carries the reason of the abort as its cause.
  if (error instanceof Error && error.name === 'AbortError' && error.cause !== undefined) return reasonOf(error.cause);
  return troubleOf(error) ?? { reason: 'Internal', message: messageOf(error) };
}
