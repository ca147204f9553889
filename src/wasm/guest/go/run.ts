import { Exit, failureOf, type GuestHost, type GuestOutcome } from '../outcome.ts';
import { GoProgram } from './abi.ts';
import type { Callable, Value } from './values.ts';
import { ENTRIES } from './world.ts';

const [LIST, ERRORS] = ENTRIES;

/** One call of a function built with GOOS=js, in an instance of its own: nothing of one list is left for the next. */
export function runGo(module: WebAssembly.Module, input: string, host: GuestHost): GuestOutcome {
  let program: GoProgram | undefined;
  try {
    program = new GoProgram(module, host);
    return called(program, input);
  } catch (error) {
    if (error instanceof Exit && error.code === 0)
      return program !== undefined && registered(program, LIST) !== undefined
        ? failed({ kind: 'exitedBeforeReturning' })
        : failed({ kind: 'noRegistration', missing: LIST });
    return failureOf(error, program?.memoryBytes ?? 0, host);
  }
}

function called(program: GoProgram, input: string): GuestOutcome {
  program.start();
  program.waitFor(() => registered(program, LIST) !== undefined);
  const list = registered(program, LIST);
  if (list === undefined) return failed({ kind: 'noRegistration', missing: LIST });
  const result = program.call(list, [input]);
  if (result === undefined) return failed({ kind: 'returnedNothing', what: `${LIST} waits for what cannot come` });
  const { returned: output } = result;
  if (typeof output !== 'string')
    return failed({ kind: 'returnedNothing', what: `${LIST} returned ${describe(output)}, not text` });
  const errors = registered(program, ERRORS);
  const message = errors === undefined ? '' : program.call(errors, [output])?.returned;
  if (typeof message === 'string' && message !== '')
    return { kind: 'failed', failure: { kind: 'reported', message }, exitCode: 1, output };
  return { kind: 'ok', output };
}

function registered(program: GoProgram, name: string): Callable | undefined {
  const value = program.global.properties.get(name);
  return typeof value === 'object' && value !== null && value.type === 'function' ? value : undefined;
}

function failed(failure: Extract<GuestOutcome, { kind: 'failed' }>['failure']): GuestOutcome {
  return { kind: 'failed', failure, exitCode: 1 };
}

const describe = (value: Value): string => (typeof value === 'object' && value !== null ? value.type : String(value));
