import type { Clock } from '../clock.ts';
import type { InstallReason } from '../contract.ts';
import type { Logger } from '../log.ts';
import type { Outcome, Verdict } from '../verdict.ts';
import type { Context } from './apply/context.ts';
import { takeLock } from './apply/lock.ts';
import { type Recovered, recover } from './apply/recover.ts';
import { reasonOf, tidyState, warn } from './apply/transaction.ts';
import type { Daemon } from './detect/daemon.ts';
import { type Detected, detect } from './detect/facts.ts';
import { assertMachine, assertRunsUs, assertSameHost, machineId } from './detect/identity.ts';
import { Failure } from './failure.ts';
import type { FetchSettings } from './fetch/fetch-shim.ts';
import type { Host } from './host.ts';
import { type GivenLimits, limitsFor } from './limits.ts';
import { hostFinding } from './plan/checks.ts';
import type { ContainerdFacts, Facts } from './plan/facts.ts';
import { Refusal } from './refusal.ts';
import type { Steps } from './steps.ts';

/** All that a command gets from outside. */
export interface Run {
  readonly host: Host;
  readonly clock: Clock;
  readonly log: Logger;
  readonly steps: Steps;
  readonly limits: GivenLimits;
  readonly signal: AbortSignal;
  readonly newId: () => string;
  readonly assets: string;
  /** What is to be installed, as the operator's environment says it; undefined: all that the image bundles. */
  readonly orders: string | undefined;
  /** Where the images of orders are mounted. */
  readonly mounts: string;
  readonly fetch: FetchSettings;
  readonly machineId: string | undefined;
  readonly podUid: string | undefined;
}

/** A command's part of the Verdict. */
export interface Report {
  readonly outcome: Outcome;
  readonly reason: InstallReason;
  readonly message: string;
  readonly handlers: readonly string[];
  readonly files: readonly string[];
  readonly pods?: readonly string[] | undefined;
  readonly containerd?: Verdict['containerd'];
}

export interface Session {
  readonly facts: Facts;
  readonly runtime: ContainerdFacts;
  readonly daemon: Daemon;
  readonly context: Context;
  /** This run's earlier attempt had done the work already. */
  readonly resumed: boolean;
  report(
    outcome: Outcome,
    reason: InstallReason,
    message: string,
    more?: {
      readonly handlers?: readonly string[];
      readonly files?: readonly string[];
      readonly pods?: Report['pods'];
    },
  ): Report;
}

/** Alone on the host, with earlier runs ended and the runtime found: what every changing command starts from. */
export async function withSession(
  run: Run,
  action: 'install' | 'uninstall' | 'guard',
  work: (session: Session) => Promise<Report>,
): Promise<Report> {
  try {
    assertSameHost(run.host);
    // Before anything else: even to end an earlier run would be to change another machine.
    assertMachine({ machineId: machineId(run.host) }, run.machineId);
    const lock = await takeLock(run.host);
    try {
      const recovered = await run.steps.run('recover', () => recover(action, run));
      if (recovered.kind === 'ended') {
        const { kind, reason, message } = recovered.result;
        return { outcome: kind, reason, message, handlers: [], files: [] };
      }
      return await detected(run, recovered, work);
    } finally {
      try {
        tidyState(run.host);
      } catch (error) {
        warn('tidy up', run)(error); // how the run has ended stands
      }
      await lock.release();
    }
  } catch (error) {
    return reportOf(error);
  }
}

async function detected(run: Run, recovered: Recovered, work: (session: Session) => Promise<Report>): Promise<Report> {
  const { facts, cri, daemon } = await run.steps.run(
    'detect',
    (): Promise<Detected> => detect(run.host, () => run.clock.nowMs()),
  );
  try {
    const { runtime } = facts;
    if (runtime.kind !== 'containerd' || cri === undefined || daemon === undefined) {
      const finding = hostFinding(facts);
      if (finding === undefined) throw new Failure('Internal', 'no containerd, and yet no finding');
      throw new Refusal(finding.reason, finding.message);
    }
    await assertRunsUs(cri, runtime.socket, run.podUid);
    const containerd = { version: runtime.version, unit: runtime.unit, config: runtime.config.root.path };
    return await work({
      facts,
      runtime,
      daemon,
      context: { ...run, cri, limits: limitsFor(run.limits, runtime.distribution) },
      resumed: recovered.kind === 'resumed',
      report: (outcome, reason, message, { handlers = [], files = [], pods } = {}) => ({
        outcome,
        reason,
        message,
        handlers,
        files,
        pods,
        containerd,
      }),
    });
  } finally {
    cri?.close();
  }
}

export function reportOf(error: unknown): Report {
  return { outcome: error instanceof Refusal ? 'refused' : 'failed', ...reasonOf(error), handlers: [], files: [] };
}
