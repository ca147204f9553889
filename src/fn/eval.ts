import { deliver, destinationOf } from './destination.ts';
import { readDocuments } from './documents.ts';
import { configOfArguments, configOfFile } from './function-config.ts';
import { openPrograms, type ProgramOptions } from './open-programs.ts';
import { readPackage } from './package-reader.ts';
import { PipelineFailed, PipelineRun, type RunRules } from './pipeline-run.ts';
import type { FunctionSource } from './program.ts';
import type { Report } from './report.ts';
import { LIST_KIND } from './resource-list.ts';
import { savable, saveFunction } from './save-function.ts';
import type { Selection } from './selection.ts';
import { field, root, type YamlNode } from './yaml/node.ts';

export interface EvalOptions extends ProgramOptions {
  /** undefined: the list is `input`. */
  readonly directory: string | undefined;
  readonly input: string;
  readonly source: FunctionSource;
  readonly configFile: string | undefined;
  readonly configWords: readonly string[];
  readonly selection: Selection;
  readonly output: string | undefined;
  readonly resultsDir: string | undefined;
  readonly rules: RunRules;
  /** Also declare it in the Kptfile, as this. */
  readonly save: 'mutator' | 'validator' | undefined;
  readonly report: Report;
  nowMs(): number;
}

/** `kwasm fn eval`: one function over a package. Returns what is for stdout; throws PipelineFailed where the function failed. */
export async function evalFunction(options: EvalOptions): Promise<string> {
  const destination = destinationOf(options.output);
  const save = savedBy(options);
  const config =
    options.configFile === undefined
      ? configOfArguments(options.configWords)
      : configOfFile(options.configFile, options.configFile);
  // What is named on the command line is looked for where the user stands.
  const wanted = { source: options.source, directory: undefined, nativeAllowed: true };
  const programs = await openPrograms([wanted], options);
  const run = new PipelineRun(options.report, options.rules, 1, () => options.nowMs());
  let failed = true;
  try {
    const [program] = programs.list;
    if (program === undefined) throw new PipelineFailed('no function');
    const say = (line: string) => options.report.line(line);
    const { directory } = options;
    const from = directory === undefined ? undefined : readPackage(directory, { subpackages: true, say });
    const given = from === undefined ? nodesOfInput(options.input) : from.nodes;
    const { selection } = options;
    const step = { program, phase: 'mutator', selection, condition: undefined, config: () => config } as const;
    const nodes = await run.step(step, given);
    const text = deliver(nodes, destination, from);
    save?.();
    failed = false;
    return text;
  } finally {
    run.save(options.resultsDir, failed);
    await programs.close();
  }
}

/** What is to be done for `--save` when the function has passed; whether it can be is found out before it runs. */
function savedBy({ directory, save: phase, report, ...options }: EvalOptions): (() => void) | undefined {
  if (phase === undefined || directory === undefined) return undefined;
  const saved = savable(directory, options, options.imagePrefix);
  const { source } = saved;
  return () => {
    const done = saveFunction(directory, phase, saved);
    const name = source.kind === 'exec' ? source.command : source.image;
    report.line(`${done} ${JSON.stringify(name)} as ${phase} in the Kptfile.`);
  };
}

/** A ResourceList (or a List), or documents. */
function nodesOfInput(text: string): readonly YamlNode[] {
  const documents = readDocuments(text, undefined);
  const [only] = documents;
  if (documents.length !== 1 || only === undefined) return documents;
  const list = root(only);
  const kind = field(list, 'kind')?.value;
  if (kind !== LIST_KIND && kind !== 'List') return documents;
  return field(list, 'items')?.content ?? [];
}
