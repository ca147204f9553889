import type { Program } from './program.ts';
import type { FunctionResult } from './results.ts';

const LINES_MAX = 4;

/** What a person sees of a pipeline, in kpt's words. */
export class Report {
  private readonly write: (text: string) => void;
  private readonly truncate: boolean;

  constructor(write: (text: string) => void, truncate: boolean) {
    this.write = write;
    this.truncate = truncate;
  }

  packageStarts(name: string): void {
    this.write(`Package ${JSON.stringify(name)}: \n`);
  }

  running(program: Program, selected: number | undefined): void {
    const on = selected === undefined ? '' : ` on ${selected} resource(s)`;
    this.write(`[RUNNING] ${program.isWasm ? 'WASM ' : ''}${JSON.stringify(program.name)}${on}\n`);
  }

  skipped(program: Program): void {
    this.write(`[SKIPPED] ${JSON.stringify(program.name)} (condition not met)\n`);
  }

  passed(program: Program, ms: number, results: readonly FunctionResult[], stderr: string): void {
    this.write(`[PASS] ${JSON.stringify(program.name)} in ${duration(ms)}\n`);
    this.results(results);
    this.stderr(stderr);
  }

  failed(program: Program, ms: number, outcome: Failed): void {
    this.write(`[FAIL] ${JSON.stringify(program.name)} in ${duration(ms)}\n`);
    this.write(`  ${outcome.step}: ${outcome.message}\n`);
    this.results(outcome.results);
    this.stderr(outcome.stderr);
    this.write(`  Exit code: ${outcome.exitCode}\n\n`);
  }

  line(text: string): void {
    this.write(`${text}\n`);
  }

  private results(results: readonly FunctionResult[]): void {
    if (results.length > 0) this.block('Results', results.map(resultText), (line) => line);
  }

  private stderr(stderr: string): void {
    if (stderr !== '') this.block('Stderr', stderr.split('\n'), (line) => JSON.stringify(line));
  }

  private block(title: string, lines: readonly string[], form: (line: string) => string): void {
    const shown = this.truncate ? lines.slice(0, LINES_MAX) : lines;
    const more = lines.length - shown.length;
    const text = shown.map((line) => `    ${form(line.replaceAll('\n', ' '))}\n`).join('');
    const rest = more === 0 ? '' : `    ...(${more} line(s) truncated, use '--truncate-output=false' to disable)\n`;
    this.write(`  ${title}:\n${text}${rest}`);
  }
}

export interface Failed {
  /** Which function of the pipeline. */
  readonly step: string;
  readonly message: string;
  readonly exitCode: number;
  readonly results: readonly FunctionResult[];
  readonly stderr: string;
}

export function resultText({ severity, resourceRef, field, message }: FunctionResult): string {
  const ref = [resourceRef?.apiVersion, resourceRef?.kind, resourceRef?.namespace, resourceRef?.name];
  const id = ref.filter((part) => part !== undefined && part !== '').join('/');
  const what = [id, field?.path ?? ''].filter((part) => part !== '');
  return `${[`[${severity ?? 'info'}]`, ...what].join(' ')}: ${message}`;
}

/** As Go writes a duration, cut to tenths of a second. */
export function duration(ms: number): string {
  const tenths = Math.floor(ms / 100);
  if (tenths < 10) return tenths === 0 ? '0s' : `${tenths}00ms`;
  const minutes = Math.floor(tenths / 600);
  const seconds = `${(tenths - minutes * 600) / 10}s`;
  return minutes === 0 ? seconds : `${minutes}m${seconds}`;
}
