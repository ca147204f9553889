import { existsSync } from 'node:fs';
import { basename, join, posix, resolve } from 'node:path';
import { Terminal } from '../errors.ts';
import { ANNOTATION, annotation, clearAnnotation, setAnnotation } from './annotations.ts';
import { Condition } from './condition.ts';
import { deliver, destinationOf } from './destination.ts';
import { configOfFile, configOfMap } from './function-config.ts';
import { type DeclaredFunction, type Pipeline, readPipeline } from './kptfile.ts';
import { openPrograms, type ProgramOptions, type Wanted } from './open-programs.ts';
import { KPTFILE, type Package, readPackage } from './package-reader.ts';
import { PipelineRun, type ReadyStep, type RunRules } from './pipeline-run.ts';
import { isInside } from './place.ts';
import type { Program } from './program.ts';
import type { Report } from './report.ts';
import type { YamlNode } from './yaml/node.ts';

export interface RenderOptions extends ProgramOptions {
  readonly directory: string;
  readonly allowExec: boolean;
  readonly output: string | undefined;
  readonly resultsDir: string | undefined;
  readonly rules: RunRules;
  readonly report: Report;
  nowMs(): number;
}

/** A package with its own resources, its pipeline and the packages right below it. */
interface Branch {
  readonly own: Package;
  /** From the root package; '' for itself. */
  readonly path: string;
  readonly pipeline: Pipeline;
  readonly below: readonly Branch[];
}

/**
 * `kwasm fn render`: the pipelines of a package and those below it, the deepest first. Every Kptfile is read and every function
 * judged before the first runs, and nothing is written before the last has passed.
 */
export async function renderPackage(options: RenderOptions): Promise<string> {
  const destination = destinationOf(options.output);
  const top = readBranch(resolve(options.directory), '', options.report);
  const declared = functionsOf(top);
  const programs = await openPrograms(
    declared.map(({ branch, one }) => wantedBy(branch, one, options.allowExec)),
    options,
  );
  const run = new PipelineRun(options.report, options.rules, declared.length, () => options.nowMs());
  const steps = new Map<DeclaredFunction, ReadyStep>();
  let failed = true;
  try {
    for (const [i, { branch, one, phase }] of declared.entries()) {
      const program = programs.list[i];
      if (program !== undefined) steps.set(one, readyStep(branch, one, phase, program));
    }
    const nodes = await renderBranch(top, steps, run, options);
    for (const node of nodes) placeInRoot(node, top.own.directory);
    const text = deliver(nodes, destination, wholePackage(top));
    failed = false;
    if (destination.kind === 'package' || destination.kind === 'directory')
      options.report.line(`Successfully executed ${run.records.length} function(s) in ${countOf(top)} package(s).`);
    return text;
  } finally {
    run.save(options.resultsDir, failed);
    await programs.close();
  }
}

function readBranch(directory: string, path: string, report: Report): Branch {
  const own = readPackage(directory, { subpackages: false, say: (line) => report.line(line) });
  const file = own.files.find((one) => one.path === KPTFILE);
  if (file === undefined) throw new Terminal(`${directory}: has no ${KPTFILE}; render works on kpt packages`);
  const pipeline = readPipeline(file.text, join(directory, KPTFILE));
  const below = own.subpackages.map((sub) => readBranch(join(directory, sub), posix.join(path, sub), report));
  return { own, path, pipeline, below };
}

interface DeclaredIn {
  readonly branch: Branch;
  readonly one: DeclaredFunction;
  readonly phase: 'mutator' | 'validator';
}

/** In the order in which they run. */
function functionsOf(branch: Branch): readonly DeclaredIn[] {
  const { mutators, validators } = branch.pipeline;
  return [
    ...branch.below.flatMap(functionsOf),
    ...mutators.map((one) => ({ branch, one, phase: 'mutator' }) as const),
    ...validators.map((one) => ({ branch, one, phase: 'validator' }) as const),
  ];
}

function wantedBy(branch: Branch, { source }: DeclaredFunction, allowExec: boolean): Wanted {
  return { source, directory: branch.own.directory, nativeAllowed: allowExec };
}

function readyStep(branch: Branch, one: DeclaredFunction, phase: 'mutator' | 'validator', program: Program): ReadyStep {
  const condition = one.condition === undefined ? undefined : new Condition(one.condition);
  return { program, phase, selection: one.selection, condition, config: configOf(branch, one) };
}

/** A config file that is one of the package's resources is given as it is at that moment: functions before may have changed it. */
function configOf({ own }: Branch, { configPath, configMap }: DeclaredFunction): ReadyStep['config'] {
  if (configPath === undefined) {
    const config = configOfMap(configMap);
    return () => config;
  }
  const clean = posix.normalize(configPath);
  if (posix.isAbsolute(clean) || clean === '..' || clean.startsWith('../'))
    throw new Terminal(`${own.directory}: configPath ${JSON.stringify(configPath)} leads out of the package`);
  const file = join(own.directory, clean);
  if (existsSync(file) && !isInside(own.directory, file))
    throw new Terminal(`${own.directory}: configPath ${JSON.stringify(configPath)} is a link out of the package`);
  if (!existsSync(file)) throw new Terminal(`${own.directory}: missing function config ${JSON.stringify(configPath)}`);
  return (nodes) => nodes.find((node) => isAt(node, own.directory, clean)) ?? configOfFile(file, configPath);
}

function isAt(node: YamlNode, directory: string, path: string): boolean {
  return annotation(node, ANNOTATION.path) === path && annotation(node, ANNOTATION.packagePath) === directory;
}

async function renderBranch(
  branch: Branch,
  steps: ReadonlyMap<DeclaredFunction, ReadyStep>,
  run: PipelineRun,
  options: RenderOptions,
): Promise<readonly YamlNode[]> {
  const { own, pipeline } = branch;
  let nodes: readonly YamlNode[] = [];
  for (const below of branch.below) nodes = [...nodes, ...(await renderBranch(below, steps, run, options))];
  options.report.packageStarts(posix.join(basename(resolve(options.directory)), branch.path));
  markPackage(own.nodes, own.directory);
  nodes = [...nodes, ...own.nodes];
  for (const one of [...pipeline.mutators, ...pipeline.validators]) {
    const step = steps.get(one);
    if (step === undefined) continue;
    nodes = await run.step(step, nodes);
    markPackage(nodes, own.directory);
  }
  options.report.line('');
  return nodes;
}

/** A resource that a function made is of the package whose function it was. Stands where kpt puts it, before the path. */
function markPackage(nodes: readonly YamlNode[], directory: string): void {
  for (const node of nodes) {
    if (annotation(node, ANNOTATION.packagePath) !== undefined) continue;
    const path = annotation(node, ANNOTATION.path);
    const indent = annotation(node, ANNOTATION.seqIndent);
    if (path !== undefined) clearAnnotation(node, ANNOTATION.path);
    if (indent !== undefined) clearAnnotation(node, ANNOTATION.seqIndent);
    setAnnotation(node, ANNOTATION.packagePath, directory);
    if (path !== undefined) setAnnotation(node, ANNOTATION.path, path);
    if (indent !== undefined) setAnnotation(node, ANNOTATION.seqIndent, indent);
  }
}

/** Paths are the package's own while functions run, and the root's when it is written. */
function placeInRoot(node: YamlNode, rootDirectory: string): void {
  const directory = annotation(node, ANNOTATION.packagePath) ?? rootDirectory;
  clearAnnotation(node, ANNOTATION.packagePath);
  const below = posix.relative(rootDirectory, directory);
  const path = annotation(node, ANNOTATION.path);
  if (below === '' || path === undefined) return;
  if (below === '..' || below.startsWith('../'))
    throw new Terminal(`function must not modify resources outside of package: resource is of package ${directory}`);
  const joined = posix.join(below, path);
  setAnnotation(node, ANNOTATION.path, joined);
  setAnnotation(node, ANNOTATION.legacyPath, joined);
}

/** The files of all branches, by their paths from the root. */
function wholePackage(top: Branch): Package {
  const branches = (branch: Branch): readonly Branch[] => [branch, ...branch.below.flatMap(branches)];
  const files = branches(top).flatMap(({ own, path }) =>
    own.files.map((file) => ({ ...file, path: posix.join(path, file.path) })),
  );
  return { ...top.own, files };
}

function countOf(branch: Branch): number {
  return branch.below.reduce((count, below) => count + countOf(below), 1);
}
