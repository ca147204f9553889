import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ANNOTATION, clearAnnotation } from './annotations.ts';
import type { Condition } from './condition.ts';
import { finishMigration, prepareMigration } from './migration.ts';
import type { Program } from './program.ts';
import type { Report } from './report.ts';
import { hasErrors, resultsFile, type StepRecord } from './results.ts';
import { isEverything, type Selection, select } from './selection.ts';
import { runStep } from './step.ts';
import type { YamlNode } from './yaml/node.ts';

/** A step whose function is ready. */
export interface ReadyStep {
  readonly program: Program;
  readonly phase: 'mutator' | 'validator';
  readonly selection: Selection;
  readonly condition: Condition | undefined;
  config(nodes: readonly YamlNode[]): YamlNode | undefined;
}

export interface RunRules {
  readonly allowEmpty: boolean;
  /** Also of mutators; of validators they always are. */
  readonly failOnErrorResults: boolean;
}

/** Thrown when a function failed; what there is to say has been reported. */
export class PipelineFailed extends Error {}

/** The steps that have run, over however many packages. */
export class PipelineRun {
  readonly records: StepRecord[] = [];
  private readonly report: Report;
  private readonly rules: RunRules;
  private readonly total: number;
  private started = 0;
  private readonly nowMs: () => number;

  constructor(report: Report, rules: RunRules, total: number, nowMs: () => number) {
    this.report = report;
    this.rules = rules;
    this.total = total;
    this.nowMs = nowMs;
  }

  /** The nodes as the function leaves them; a validator leaves them as they are. */
  async step(step: ReadyStep, nodes: readonly YamlNode[]): Promise<readonly YamlNode[]> {
    this.started++;
    const selected = select(nodes, step.selection);
    if (step.condition !== undefined && !step.condition.holds(selected.items)) {
      this.report.skipped(step.program);
      clearTraces(nodes);
      return nodes;
    }
    if (step.phase === 'validator') {
      await this.call(step, nodes, selected.items);
      clearTraces(nodes);
      return nodes;
    }
    const before = prepareMigration(selected.items);
    const items = await this.call(step, nodes, selected.items);
    finishMigration(items, before);
    return selected.merge(items);
  }

  private async call(
    step: ReadyStep,
    nodes: readonly YamlNode[],
    items: readonly YamlNode[],
  ): Promise<readonly YamlNode[]> {
    const { program, phase, selection } = step;
    this.report.running(program, isEverything(selection) ? undefined : items.length);
    const startMs = this.nowMs();
    const { allowEmpty } = this.rules;
    const mayChange = phase === 'mutator';
    const outcome = await runStep(program, { items, functionConfig: step.config(nodes), allowEmpty, mayChange });
    const { results, stderr } = outcome;
    const ms = this.nowMs() - startMs;
    const judged = phase === 'validator' || this.rules.failOnErrorResults;
    if (outcome.kind === 'passed' && !(judged && hasErrors(results))) {
      this.records.push({ source: program.source, exitCode: 0, stderr, results });
      this.report.passed(program, ms, results, stderr);
      return outcome.items;
    }
    const exitCode = outcome.kind === 'failed' ? outcome.exitCode : 1;
    const message = outcome.kind === 'failed' ? outcome.message : 'has a result of severity error';
    this.records.push({ source: program.source, exitCode, stderr, results });
    const which = this.total === 1 ? 'Error' : `Function ${this.started} of ${this.total}`;
    this.report.failed(program, ms, { step: which, message, exitCode, results, stderr });
    throw new PipelineFailed(`function ${JSON.stringify(program.name)} failed: ${message}`);
  }

  /** `results.yaml` in the directory, whatever came of the run. */
  save(directory: string | undefined, failed: boolean): void {
    if (directory === undefined) return;
    mkdirSync(directory, { recursive: true });
    const file = join(directory, 'results.yaml');
    writeFileSync(file, resultsFile(this.records, failed ? 1 : 0));
    this.report.line(`For complete results, see ${file}`);
  }
}

/** What a step puts on resources that are not replaced by its answer. */
function clearTraces(nodes: readonly YamlNode[]): void {
  for (const node of nodes)
    for (const key of [ANNOTATION.selectionId, ANNOTATION.id, ANNOTATION.legacyId]) clearAnnotation(node, key);
}
