import { failureText, type RunFailure } from '../../wasm/failure.ts';
import type { FunctionRunner } from '../../wasm/runner.ts';
import { type FunctionResult, type ListText, readList, strangeItem } from './list-text.ts';

/** The functions of `kwasm fn run`, one after the other: what one gives is what the next gets. */
export interface PipelineStep {
  readonly name: string;
  readonly stderr: string;
  readonly results: readonly FunctionResult[];
  readonly elapsedMs: number;
  readonly failure?: StepFailure;
}

export interface StepFailure {
  readonly message: string;
  readonly exitCode: number;
  readonly hint?: string;
}

export interface PipelineRules {
  readonly allowEmpty: boolean;
  readonly failOnErrorResults: boolean;
}

export async function runPipeline(
  runner: FunctionRunner,
  names: readonly string[],
  input: ListText,
  rules: PipelineRules,
  onStep: (step: PipelineStep) => void,
): Promise<ListText | undefined> {
  let list = input;
  for (const [index, name] of names.entries()) {
    const started = performance.now();
    const result = await runner.run(index, list.text);
    const elapsedMs = performance.now() - started;
    const { stderr } = result;
    const judged = result.kind === 'ok' ? judge(result.output, list, rules) : undefined;
    const results =
      judged?.kind === 'list' ? judged.list.results : reportedBy(result.kind === 'failed' ? result.failure : undefined);
    const failure =
      result.kind === 'failed'
        ? { message: failureText(result.failure), exitCode: result.exitCode }
        : judged?.kind === 'failed'
          ? { ...judged.failure, ...hintFor(runner, index, judged.failure) }
          : undefined;
    onStep({ name, stderr, results, elapsedMs, ...(failure === undefined ? {} : { failure }) });
    if (judged?.kind !== 'list' || failure !== undefined) return undefined;
    list = judged.list;
  }
  return list;
}

type Judged =
  | { readonly kind: 'list'; readonly list: ListText }
  | { readonly kind: 'failed'; readonly failure: StepFailure };

/** kpt took a text without `kind: ResourceList` for an empty list, and deleted the package. */
function judge(output: string, given: ListText, { allowEmpty, failOnErrorResults }: PipelineRules): Judged {
  const read = readList(output);
  if (read.kind === 'none') return failed(`returned no ResourceList: ${read.why}`);
  const { list } = read;
  const strange = strangeItem(list.items);
  if (strange !== undefined) return failed(`output resource list must contain only KRM resources: ${strange}`);
  if (list.items.length === 0 && given.items.length > 0 && !allowEmpty)
    return failed(`returned no items where it got ${given.items.length}; if that is meant, say --allow-empty`);
  const error = list.results.find(({ severity }) => severity === 'error');
  if (failOnErrorResults && error !== undefined) return failed(error.message);
  return read;
}

function failed(message: string): Judged {
  return { kind: 'failed', failure: { message, exitCode: 1 } };
}

/** The text of processResourceListErrors is a result, too. */
function reportedBy(failure: RunFailure | undefined): readonly FunctionResult[] {
  return failure?.kind === 'reported' ? [{ message: failure.message, severity: 'error' }] : [];
}

function hintFor(runner: FunctionRunner, index: number, { message }: StepFailure): { readonly hint?: string } {
  const printed = runner.abis[index] === 'wasip1' || runner.abis[index] === 'wasi-cli';
  return printed && message.startsWith('returned no ResourceList')
    ? { hint: 'stdout is for the list alone: log to stderr' }
    : {};
}
