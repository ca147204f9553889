import { Terminal } from '../errors.ts';

/** Every wait has an end, and every end is an input: tests shorten them. */
export interface Limits {
  /** After this the host undoes an unfinished change by itself. */
  readonly switchSeconds: number;
  /** How long the restarted daemon may take until everything holds. */
  readonly verifyMs: number;
  /** How long it must hold: longer than systemd waits (RestartSec=5 upstream) before it starts a daemon that has died. */
  readonly settleMs: number;
  /** How long to wait for a moment in which no container is being created. */
  readonly quietMs: number;
  readonly restoreMs: number;
}

const SECOND_MS = 1000;

export function readLimits(env: Readonly<Record<string, string | undefined>>): Limits {
  const seconds = (name: string, fallback: number): number => {
    const text = env[name];
    if (text === undefined || text === '') return fallback;
    const value = Number(text);
    if (Number.isFinite(value) && value >= 0 && value <= 86_400) return value;
    throw new Terminal(`${name} is "${text}": expected seconds from 0 to 86400`);
  };
  return {
    switchSeconds: seconds('KWASM_SWITCH_SECONDS', 300),
    verifyMs: seconds('KWASM_VERIFY_SECONDS', 120) * SECOND_MS,
    settleMs: seconds('KWASM_SETTLE_SECONDS', 10) * SECOND_MS,
    quietMs: seconds('KWASM_QUIET_SECONDS', 60) * SECOND_MS,
    restoreMs: 120 * SECOND_MS,
  };
}
