import { posix } from 'node:path';
import { Terminal } from '../errors.ts';
import {
  ANNOTATION,
  annotation,
  annotationsToSet,
  clearAnnotations,
  completeRenamed,
  metaOf,
  placeOf,
  quotedNumber,
  setAnnotation,
  setIn,
} from './annotations.ts';
import { readAnswer } from './answered-list.ts';
import { copyComments } from './comments.ts';
import { restoreOrder } from './field-order.ts';
import { missingField } from './krm-resource.ts';
import type { Program } from './program.ts';
import { LIST_VERSION, NoResourceList, type ResourceList, readList, writeGiven } from './resource-list.ts';
import type { FunctionResult } from './results.ts';
import type { YamlNode } from './yaml/node.ts';

export interface StepInput {
  readonly items: readonly YamlNode[];
  readonly functionConfig: YamlNode | undefined;
  /** Items may all be gone: for a function that is meant to take everything away. */
  readonly allowEmpty: boolean;
  /** They may become what the function made of them. A validator's stay as they are. */
  readonly mayChange: boolean;
}

export type StepOutcome =
  | {
      readonly kind: 'passed';
      readonly items: readonly YamlNode[];
      readonly results: readonly FunctionResult[];
      readonly stderr: string;
    }
  | {
      readonly kind: 'failed';
      readonly message: string;
      readonly exitCode: number;
      readonly stderr: string;
      readonly results: readonly FunctionResult[];
    };

/** Gives the items to a function and takes its answer: judged, with the comments and the order of fields that were there before. */
export async function runStep(program: Program, input: StepInput): Promise<StepOutcome> {
  const strange = strangeResource(input.items, 'input');
  if (strange !== undefined) return { kind: 'failed', message: strange, exitCode: 1, stderr: '', results: [] };
  const byId = numberItems(input.items);
  const { items, functionConfig } = input;
  const given = writeGiven({ apiVersion: LIST_VERSION, items, functionConfig, results: undefined });
  const answer = await program.call(given.text);
  if (answer.kind === 'failed') {
    const results = answer.output === undefined ? [] : await resultsIn(answer.output);
    const { message, exitCode, stderr } = answer;
    return { kind: 'failed', message, exitCode, stderr, results: results.length > 0 ? results : reported(answer) };
  }
  try {
    const { list, kept } = readAnswer(answer.output, given, input.mayChange);
    judge(list, input);
    restore(list.items, byId, kept);
    return { kind: 'passed', items: list.items, results: await resultsOf(list.results), stderr: answer.stderr };
  } catch (error) {
    if (!(error instanceof NoResourceList) && !(error instanceof Terminal)) throw error;
    const message =
      error instanceof NoResourceList && program.printsList && answer.output !== ''
        ? `${error.message}; log to stderr, not stdout`
        : error.message;
    return { kind: 'failed', message, exitCode: 1, stderr: answer.stderr, results: [] };
  }
}

function reported(answer: {
  readonly failure: { readonly kind: string } | undefined;
  readonly message: string;
}): readonly FunctionResult[] {
  return answer.failure?.kind === 'reported' ? [{ message: answer.message, severity: 'error' }] : [];
}

/** Results are read even from a function that failed; an answer that is no list has none. */
/** Most functions give none, and what reads them takes longer to load than a package takes to read. */
async function resultsOf(node: YamlNode | undefined): Promise<readonly FunctionResult[]> {
  if (node === undefined || node.content.length === 0) return [];
  const { readResults } = await import('./read-results.ts');
  return readResults(node);
}

async function resultsIn(output: string): Promise<readonly FunctionResult[]> {
  try {
    return await resultsOf(readList(output).results);
  } catch {
    return [];
  }
}

function numberItems(items: readonly YamlNode[]): ReadonlyMap<string, YamlNode> {
  const byId = new Map<string, YamlNode>();
  for (const item of items) {
    const id = String(byId.size + 1);
    const annotations = annotationsToSet(item);
    const value = quotedNumber(byId.size + 1);
    setIn(annotations, ANNOTATION.id, value);
    setIn(annotations, ANNOTATION.legacyId, value);
    byId.set(id, item);
  }
  return byId;
}

function restore(items: readonly YamlNode[], byId: ReadonlyMap<string, YamlNode>, kept: ReadonlySet<YamlNode>): void {
  for (const item of items) {
    const id = annotation(item, ANNOTATION.id) ?? annotation(item, ANNOTATION.legacyId);
    const before = id === undefined ? undefined : byId.get(id);
    if (before !== undefined && !kept.has(item)) {
      copyComments(before, item);
      restoreOrder(before, item);
    }
    clearAnnotations(item, IDS);
  }
  giveDefaultPaths(items);
}

const IDS: ReadonlySet<string> = new Set([ANNOTATION.id, ANNOTATION.legacyId]);

function judge(list: ResourceList, input: StepInput): void {
  if (list.items.length === 0 && input.items.length > 0 && !input.allowEmpty)
    throw new Terminal(
      `returned no items for ${input.items.length}: this would delete them all; --allow-empty permits it`,
    );
  const strange = strangeResource(list.items, 'output');
  if (strange !== undefined) throw new Terminal(strange);
  requirePlaces(list.items);
}

/** In kpt's words. */
function strangeResource(items: readonly YamlNode[], which: 'input' | 'output'): string | undefined {
  for (const item of items) {
    const { path } = placeOf(item);
    const missing = missingField({ ...metaOf(item), path });
    if (missing === undefined) continue;
    const where = path === '' ? '' : `${path}: `;
    return `${which} resource list must contain only KRM resources: ${where}resource must have \`${missing}\``;
  }
  return undefined;
}

/** No resource leaves the package, and no two are at one place. */
function requirePlaces(items: readonly YamlNode[]): void {
  const taken = new Set<string>();
  let [before, clean] = ['', ''];
  for (const item of items) {
    const { path, index } = placeOf(item);
    if (path === '') continue;
    if (path !== before) clean = posix.normalize(path); // those of one file mostly follow each other
    before = path;
    if (clean === '..' || clean.startsWith('../') || posix.isAbsolute(clean))
      throw new Terminal(`function must not modify resources outside of package: resource has path ${path}`);
    const place = `${annotation(item, ANNOTATION.packagePath) ?? ''}\n${clean}\n${index}`;
    if (taken.has(place))
      throw new Terminal(`resource at path ${JSON.stringify(clean)} and index ${JSON.stringify(index)} already exists`);
    taken.add(place);
  }
}

/** Where a resource goes that a function made and gave no path. */
function giveDefaultPaths(items: readonly YamlNode[]): void {
  for (const item of items) {
    completeRenamed(item);
    if (annotation(item, ANNOTATION.path) !== undefined) continue;
    const path = defaultPath(item);
    setAnnotation(item, ANNOTATION.path, path);
    setAnnotation(item, ANNOTATION.legacyPath, path);
  }
}

export function defaultPath(item: YamlNode): string {
  const { kind, name, namespace } = metaOf(item);
  return posix.join(namespace, `${kind.toLowerCase()}_${name}.yaml`);
}
