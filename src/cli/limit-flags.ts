import { type Command, InvalidArgumentError, Option } from 'commander';
import { DEFAULT_LIMITS, type Limits } from '../wasm/limits.ts';

/** The bounds of a function's run, as every command has them that runs one. */
export interface LimitFlags {
  readonly timeout: number;
  readonly memory: number;
}

export function limitFlags(command: Command): Command {
  return command
    .addOption(
      new Option('--timeout <duration>', 'wall clock of one function, such as 30s or 5m')
        .argParser(durationMs)
        .default(DEFAULT_LIMITS.timeoutMs, '5m'),
    )
    .addOption(
      new Option('--memory <size>', 'memory of one function, such as 512Mi or 2Gi')
        .argParser(sizeBytes)
        .default(DEFAULT_LIMITS.memoryBytes, '512Mi'),
    );
}

export function limitsFrom({ timeout, memory }: LimitFlags): Partial<Limits> {
  return { timeoutMs: timeout, memoryBytes: memory };
}

const DURATION_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
const SIZE_BYTES: Readonly<Record<string, number>> = { Ki: 1024, Mi: 1024 ** 2, Gi: 1024 ** 3 };
const TIMEOUT_MAX_MS = 24 * 3_600_000;
/** What 32-bit Wasm can address. */
const MEMORY_MAX_BYTES = 4 * 1024 ** 3;

export function durationMs(text: string): number {
  const ms = scaled(text, /^(\d+(?:\.\d+)?)(ms|s|m|h)$/, DURATION_MS);
  if (ms === undefined || ms < 1 || ms > TIMEOUT_MAX_MS) throw new InvalidArgumentError('say 500ms, 30s, 5m or 1h.');
  return ms;
}

export function sizeBytes(text: string): number {
  const bytes = scaled(text, /^(\d+(?:\.\d+)?)(Ki|Mi|Gi)$/, SIZE_BYTES);
  if (bytes === undefined || bytes < 65_536 || bytes > MEMORY_MAX_BYTES)
    throw new InvalidArgumentError('say 512Mi or 2Gi, up to 4Gi.');
  return bytes;
}

function scaled(text: string, form: RegExp, units: Readonly<Record<string, number>>): number | undefined {
  const [, amount, unit = ''] = form.exec(text) ?? [];
  const scale = units[unit];
  return amount === undefined || scale === undefined ? undefined : Math.round(Number(amount) * scale);
}
