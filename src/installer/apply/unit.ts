import type { Host } from '../host.ts';

/** The daemon's systemd unit on the host. */
export interface UnitState {
  readonly active: boolean;
  /** systemd's word: active, activating, failed ... */
  readonly state: string;
  /** Another one after each start. */
  readonly invocation: string;
  readonly mainPid: number;
}

const TIMEOUT_MS = 30_000;

export async function unitState(host: Host, unit: string): Promise<UnitState> {
  const argv = ['systemctl', 'show', '-p', 'ActiveState', '-p', 'InvocationID', '-p', 'MainPID', unit];
  const done = await host.run(argv, { timeoutMs: TIMEOUT_MS });
  if (done.exitCode !== 0) throw new Error(`systemctl show ${unit}: ${done.why}`);
  const value = (key: string): string => new RegExp(`^${key}=(.*)$`, 'm').exec(done.stdout)?.[1] ?? '';
  const state = value('ActiveState');
  return { active: state === 'active', state, invocation: value('InvocationID'), mainPid: Number(value('MainPID')) };
}

/** Only queues the restart: how long it may take is the verification's deadline, not systemctl's. */
export async function queueRestart(host: Host, unit: string): Promise<void> {
  const done = await host.run(['systemctl', '--no-block', 'restart', unit], { timeoutMs: TIMEOUT_MS });
  if (done.exitCode !== 0) throw new Error(`systemctl restart ${unit}: ${done.why}`);
}
