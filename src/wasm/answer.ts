import type { RunFailure } from './failure.ts';
import type { Frame } from './frames.ts';
import type { GuestOutcome } from './guest/outcome.ts';

/** The child's answer, read field by field: a process that ran a stranger's code wrote it. */
export function outcomeOf({ head, body }: Frame): GuestOutcome {
  const outcome = record(head['outcome']);
  const output = body.toString('utf8');
  if (outcome['kind'] === 'ok') return { kind: 'ok', output };
  const failure = failureOf(record(outcome['failure']));
  const exitCode = number(outcome['exitCode']);
  return { kind: 'failed', failure, exitCode, ...(head['hasOutput'] === true ? { output } : {}) };
}

function failureOf(failure: Readonly<Record<string, unknown>>): RunFailure {
  const { kind } = failure;
  switch (kind) {
    case 'outOfMemory':
    case 'outputTooLarge':
      return { kind, limitBytes: number(failure['limitBytes']) };
    case 'exitedBeforeReturning':
      return { kind };
    case 'noRegistration':
      return { kind, missing: text(failure['missing']) };
    case 'reported':
    case 'trap':
      return { kind, message: text(failure['message']) };
    case 'nonZeroExit':
      return { kind, exitCode: number(failure['exitCode']) };
    case 'httpStatus':
      return { kind, status: number(failure['status']), body: text(failure['body']) };
    case 'returnedNothing':
      return { kind, what: text(failure['what']) };
    default:
      return { kind: 'childEnded', how: 'it answered with a failure of no known kind' };
  }
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

const number = (value: unknown): number => (typeof value === 'number' ? value : Number.NaN);
const text = (value: unknown): string => (typeof value === 'string' ? value : '');
