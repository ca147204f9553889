import { findDaemon } from '../detect/daemon.ts';
import { startTicks } from '../detect/endpoint.ts';
import type { Host } from '../host.ts';
import type { Reload } from '../plan/facts.ts';

/** The daemon as the host starts it: by its unit, or by the unit's main process. */
export interface Service {
  readonly unit: string;
  readonly socket: string;
  readonly reload: Reload['kind'];
}

export interface ServiceState {
  /** The unit is active, and so is a daemon that its unit does not show. */
  readonly active: boolean;
  /** systemd's word for the unit: active, activating, failed ... */
  readonly state: string;
  /** Another one after each start of the daemon. The restore script reads and compares it in the same form. */
  readonly start: string;
  /** Of the unit. */
  readonly mainPid: number;
}

const TIMEOUT_MS = 30_000;

export async function serviceState(host: Host, { unit, socket, reload }: Service): Promise<ServiceState> {
  const properties = ['ActiveState', 'InvocationID', 'ExecMainStartTimestampMonotonic', 'MainPID'];
  const argv = ['systemctl', 'show', ...properties.flatMap((name) => ['-p', name]), unit];
  const done = await host.run(argv, { timeoutMs: TIMEOUT_MS });
  if (done.exitCode !== 0) throw new Error(`systemctl show ${unit}: ${done.why}`);
  const value = (key: string): string => new RegExp(`^${key}=(.*)$`, 'm').exec(done.stdout)?.[1] ?? '';
  const state = value('ActiveState');
  const mainPid = Number(value('MainPID'));
  if (reload !== 'watched') {
    // systemd counts invocations since 232; Amazon Linux 2 has 219.
    const start = value('InvocationID') || value('ExecMainStartTimestampMonotonic');
    return { active: state === 'active', state, start: start === '0' ? '' : start, mainPid };
  }
  // k0s restarts its child and stays what it was itself: the unit shows nothing of it.
  const start = processStart(host, socket);
  return {
    active: state === 'active' && start !== '',
    state: start === '' ? 'without containerd' : state,
    start,
    mainPid,
  };
}

function processStart(host: Host, socket: string): string {
  const pid = findDaemon(host, [socket])?.pid;
  const ticks = pid === undefined ? '' : startTicks(host, pid);
  return ticks === '' ? '' : `${pid} ${ticks}`;
}

/**
 * A daemon that has run since before the change has never read it: what is wrong with it now was not our doing. False where
 * systemd does not tell.
 */
export async function neverRestarted(host: Host, service: Service & { readonly start: string }): Promise<boolean> {
  try {
    const { active, start } = await serviceState(host, service);
    return active && start !== '' && start === service.start;
  } catch {
    return false;
  }
}

/** Only queues the restart: how long it may take is the verification's deadline, not systemctl's. */
export async function queueRestart(host: Host, unit: string): Promise<void> {
  const done = await host.run(['systemctl', '--no-block', 'restart', unit], { timeoutMs: TIMEOUT_MS });
  if (done.exitCode !== 0) throw new Error(`systemctl restart ${unit}: ${done.why}`);
}
