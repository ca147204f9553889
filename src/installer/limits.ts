import { Terminal } from '../errors.ts';
import type { Distribution } from './plan/facts.ts';

/** Every wait has an end, and every end is an input: tests shorten them. */
export interface Limits extends DaemonLimits {
  /** How long it must hold: longer than systemd waits (RestartSec=5 upstream) before it starts a daemon that has died. */
  readonly settleMs: number;
  /** How long to wait for a moment in which no container is being created. */
  readonly quietMs: number;
}

/** Those that depend on who starts the daemon. */
export interface DaemonLimits {
  /** After this the host undoes an unfinished change by itself. */
  readonly switchSeconds: number;
  /** How long the restarted daemon may take until everything holds. */
  readonly verifyMs: number;
  /** How long the restore script may take. */
  readonly restoreMs: number;
}

/** Before it is known who starts the daemon: undefined is the distribution's own. */
export interface GivenLimits extends Pick<Limits, 'settleMs' | 'quietMs'> {
  readonly switchSeconds: number | undefined;
  readonly verifyMs: number | undefined;
}

const SECOND_MS = 1000;

export function readLimits(env: Readonly<Record<string, string | undefined>>): GivenLimits {
  const seconds = (name: string): number | undefined => {
    const text = env[name];
    if (text === undefined || text === '') return undefined;
    const value = Number(text);
    if (Number.isFinite(value) && value >= 0 && value <= 86_400) return value;
    throw new Terminal(`${name} is "${text}": expected seconds from 0 to 86400`);
  };
  const verify = seconds('KWASM_VERIFY_SECONDS');
  return {
    switchSeconds: seconds('KWASM_SWITCH_SECONDS'),
    verifyMs: verify === undefined ? undefined : verify * SECOND_MS,
    settleMs: (seconds('KWASM_SETTLE_SECONDS') ?? 10) * SECOND_MS,
    quietMs: (seconds('KWASM_QUIET_SECONDS') ?? 60) * SECOND_MS,
  };
}

export const daemonLimits = ({ switchSeconds, verifyMs, restoreMs }: DaemonLimits): DaemonLimits => ({
  switchSeconds,
  verifyMs,
  restoreMs,
});

export function limitsFor(
  { switchSeconds, verifyMs, settleMs, quietMs }: GivenLimits,
  distribution: Pick<Distribution, 'switchSeconds' | 'verifySeconds'>,
): Limits {
  return {
    switchSeconds: switchSeconds ?? distribution.switchSeconds,
    verifyMs: verifyMs ?? distribution.verifySeconds * SECOND_MS,
    restoreMs: distribution.verifySeconds * SECOND_MS,
    settleMs,
    quietMs,
  };
}
