import type { BuiltImages } from '../../scripts/images/build.ts';
import { messageOf } from '../../src/errors.ts';
import type { Verdict } from '../../src/verdict.ts';
import { difference } from '../harness/host-state.ts';
import { runInstaller, startInstaller } from '../harness/installer-run.ts';
import { configOf, containerOf, type FaultNode, sameConfig, servedHandlers, serves, stateOf } from './node.ts';
import { uncoverPrograms } from './pause.ts';
import { stopWasmPod } from './wasm-pod.ts';

/** Deadlines are inputs: these make a row seconds, not minutes. The production row has none of them. */
export const SHORT = {
  KWASM_SWITCH_SECONDS: '12',
  KWASM_VERIFY_SECONDS: '15',
  KWASM_SETTLE_SECONDS: '1',
  KWASM_QUIET_SECONDS: '5',
} as const;

export type Env = Readonly<Record<string, string>>;

/** What the node is compared with, taken from an install and an uninstall that nothing disturbed. */
export interface References {
  readonly before: readonly string[];
  readonly installed: readonly string[];
  readonly handlersBefore: readonly string[];
}

export interface Cell {
  readonly node: FaultNode;
  readonly references: References;
  /** What is wrong, in words; a cell without any is good. */
  readonly problems: string[];
  /** The runc pod may be another one: the machine went down under it. */
  rebooted: boolean;
  /** What the last installer said. */
  verdict: Verdict | undefined;
}

export function install(cell: Cell, env: Env = SHORT, image?: string, pod?: string) {
  return startInstaller(withImage(cell.node, image), cell.node.name, 'install', env, pod);
}

function withImage({ test }: FaultNode, installer: string | undefined) {
  return installer === undefined ? test : { ...test, images: { ...test.images, installer } satisfies BuiltImages };
}

/** The Job's next pod, or the next Job: it must end whatever was left, and its Verdict must be the truth. */
export async function nextRun(cell: Cell, env: Env = SHORT): Promise<void> {
  const { node } = cell;
  const { verdict } = await runInstaller(node.test, node.name, 'install', env, `installer-${node.name}-next`);
  cell.verdict = verdict;
}

/** Whatever happened, and before anybody comes to help: containerd serves, and its configuration is the old or the new one. */
export async function expectWhole(cell: Cell): Promise<void> {
  await serves(cell.node);
  const state = await stateOf(cell.node);
  const { before, installed } = cell.references;
  if (!sameConfig(state, before) && !sameConfig(state, installed))
    cell.problems.push(`config is neither old nor new: ${difference(configOf(before), configOf(state)).join(', ')}`);
}

/** What the Verdict says is what the disk and the running daemon say. */
export async function expectTruth(cell: Cell, outcomes: readonly string[]): Promise<void> {
  const { node, references, problems, verdict } = cell;
  if (verdict === undefined) return void problems.push('no Verdict');
  const said = `${verdict.outcome} ${verdict.reason}`;
  if (!outcomes.includes(verdict.outcome))
    problems.push(`said ${said} (${verdict.message}), expected ${outcomes.join(' or ')}`);
  await serves(node);
  const proved = verdict.outcome === 'installed' || verdict.outcome === 'unchanged';
  const left = difference(proved ? references.installed : references.before, await stateOf(node));
  if (left.length > 0) problems.push(`said ${said}, yet the host differs: ${left.join(', ')}`);
  const served = await servedHandlers(node);
  if (served.includes('wasmtime') !== proved) problems.push(`said ${said}, yet containerd serves ${served.join(', ')}`);
}

/** Runs one cell on a node that is as it was, and leaves it so. Never throws: a cell that cannot be run is a bad one. */
export async function runCell(
  node: FaultNode,
  references: References,
  body: (cell: Cell) => Promise<void>,
): Promise<Cell> {
  const cell: Cell = { node, references, problems: [], rebooted: false, verdict: undefined };
  const container = await containerOf(node);
  try {
    await body(cell);
    if (!cell.rebooted && (await containerOf(node)) !== container)
      cell.problems.push(`the runc pod was ${container}, is ${await containerOf(node)}`);
  } catch (error) {
    cell.problems.push(messageOf(error));
  }
  await comeBack(cell).catch((error: unknown) => cell.problems.push(`to get the node back: ${messageOf(error)}`));
  return cell;
}

async function comeBack(cell: Cell): Promise<void> {
  const { node, references } = cell;
  await uncoverPrograms(node);
  await node.test.kubectl.run([
    'delete',
    'pod',
    '-l',
    `app=installer,node=${node.name}`,
    '--wait=true',
    '--grace-period=1',
  ]);
  await serves(node);
  await stopWasmPod(node); // a row that was cut short may have left it
  const { verdict } = await runInstaller(node.test, node.name, 'uninstall', SHORT);
  if (!['uninstalled', 'absent'].includes(verdict.outcome)) cell.problems.push(`the uninstall: ${verdict.message}`);
  const left = difference(references.before, await stateOf(node));
  if (left.length > 0) cell.problems.push(`after the uninstall: ${left.join(', ')}`);
}

/** From an undisturbed install and uninstall. */
export async function takeReferences(node: FaultNode): Promise<References> {
  const before = await stateOf(node);
  const handlersBefore = await servedHandlers(node);
  const { verdict } = await runInstaller(node.test, node.name, 'install', SHORT);
  if (verdict.outcome !== 'installed') throw new Error(`${node.name}: ${JSON.stringify(verdict)}`);
  const installed = await stateOf(node);
  await runInstaller(node.test, node.name, 'uninstall', SHORT);
  const left = difference(before, await stateOf(node));
  if (left.length > 0) throw new Error(`${node.name} is not what it was: ${left.join(', ')}`);
  return { before, installed, handlersBefore };
}
