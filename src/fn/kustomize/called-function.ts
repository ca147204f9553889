import { failureText } from '../../wasm/failure.ts';
import type { FunctionRunner } from '../../wasm/runner.ts';
import { listProblem } from './returned-list.ts';
import { validatorProblem } from './validator-rule.ts';

/** A function as it is called for kustomize. */
export interface CalledFunction {
  /** For messages: `App my-app`. */
  readonly name: string;
  readonly module: string;
  /** The annotation's value as kustomize is given it, and as its author wrote it. */
  readonly given: string;
  readonly written: string;
  /** Held to kustomize's rule for validators. */
  readonly validates: boolean;
}

/** What a wrapper ends with. kustomize shows stderr and takes no output of a function that failed. */
export interface Ran {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

export async function callFunction(
  runner: FunctionRunner,
  index: number,
  called: CalledFunction,
  input: string,
): Promise<Ran> {
  const result = await runner.run(index, asWritten(input, called));
  const said = endLine(result.stderr);
  const failed = (why: string, exitCode: number) => {
    return { stdout: '', stderr: `${said}${called.name}: ${called.module} ${why}\n`, exitCode };
  };
  if (result.kind === 'failed') return failed(failureText(result.failure), result.exitCode === 0 ? 1 : result.exitCode);
  const problem = listProblem(result.output);
  if (problem !== undefined) return failed(`returned no ResourceList: ${problem}`, 1);
  const change = called.validates ? validatorProblem(input, result.output) : undefined;
  return change === undefined ? { stdout: result.output, stderr: said, exitCode: 0 } : failed(`failed: ${change}`, 1);
}

/** The function is given the annotation that its author wrote: the wrapper is nobody else's business. */
export function asWritten(input: string, { given, written }: Pick<CalledFunction, 'given' | 'written'>): string {
  return input.replaceAll(`'${given}'`, () => JSON.stringify(written));
}

function endLine(text: string): string {
  return text === '' || text.endsWith('\n') ? text : `${text}\n`;
}
