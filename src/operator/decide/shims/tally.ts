import { desiredHash, type Policy } from '../policy.ts';
import { PATIENT } from '../reason.ts';
import { isOfThisNode, type NodeRecord, recall } from '../record.ts';
import type { JobView, NodeView } from '../view.ts';
import { isAskedFor } from '../wanted.ts';
import { type Proved, provedBy } from './proved.ts';

/** Where one Shim is, and where it is not yet or not any more. */
export interface Tally {
  desired: number;
  ready: number;
  failed: number;
  /** Nodes that may have it and are no longer to. */
  readonly leaving: LeavingNode[];
  readonly problems: Problem[];
}

export interface LeavingNode {
  readonly node: string;
  readonly ready: boolean;
}

export interface Problem {
  readonly node: string;
  readonly reason: string;
  readonly message: string;
}

const PROBLEMS_MAX = 10;
/** URLs of release pages and two digests, and what is to be done. */
const MESSAGE_LENGTH_MAX = 800;

/** `shims`: name to handler. One pass over all nodes, from memory. */
export function tally(
  nodes: readonly NodeView[],
  jobsOf: (node: string) => readonly JobView[],
  policyOf: (node: NodeView) => Policy,
  shims: ReadonlyMap<string, string>,
): ReadonlyMap<string, Tally> {
  const tallies = new Map<string, Tally>();
  for (const name of shims.keys()) tallies.set(name, { desired: 0, ready: 0, failed: 0, leaving: [], problems: [] });
  const ordered = new Map<unknown, Proved>();
  for (const node of nodes) {
    if (node.leaving) continue; // nothing is taken off it any more
    const policy = policyOf(node);
    const memory = recall(node.record);
    const record = memory.kind === 'record' && isOfThisNode(memory.record, node) ? memory.record : undefined;
    const wanted = isAskedFor(node, policy) ? wantedOn(policy, record) : [];
    const as = asOrdered(policy, ordered);
    const has = hasOn(record, jobsOf(node.name), desiredHash(policy), shims);
    for (const [name, own] of tallies) {
      if (wanted.includes(name)) {
        const proved = record?.proved?.[name] !== undefined && record.proved[name] === as[name];
        count(own, node, record, policy, shims.get(name) ?? '', proved);
      } else if (has.includes(name)) leave(own, node, record);
    }
  }
  return tallies;
}

/** A node that is held keeps what it has, whatever is said of it. */
function wantedOn({ onNode }: Policy, record: NodeRecord | undefined): readonly string[] {
  if (onNode?.kind === 'given') return onNode.shims.map(({ name }) => name);
  return onNode?.kind === 'held' ? (record?.shims ?? []) : [];
}

/** What may be on its host: from the record, from Jobs that have begun since, and from records that do not say, by handler. */
function hasOn(
  record: NodeRecord | undefined,
  jobs: readonly JobView[],
  desired: string,
  shims: ReadonlyMap<string, string>,
): readonly string[] {
  const working = jobs.flatMap(({ end, shims: names }) => (end === undefined ? (names ?? []) : []));
  if (record === undefined || !record.touched) return working;
  if (record.shims !== undefined) return [...working, ...record.shims];
  const unsure = record.state !== 'installed' || record.desired !== desired;
  const served = [...shims].filter(([, handler]) => record.handlers.includes(handler) || unsure);
  return [...working, ...served.map(([name]) => name)];
}

/** Of thousands of nodes most are told the same. */
function asOrdered(policy: Policy, memory: Map<unknown, Proved>): Proved {
  const known = memory.get(policy.onNode) ?? provedBy(policy);
  memory.set(policy.onNode, known);
  return known;
}

/** `proved`: an earlier run proved just what is ordered of it, so it is there, whatever becomes of the others. */
function count(
  own: Tally,
  node: NodeView,
  record: NodeRecord | undefined,
  policy: Policy,
  handler: string,
  proved: boolean,
): void {
  own.desired += 1;
  const current = record !== undefined && record.desired === desiredHash(policy);
  const serves = record?.handlers.includes(handler) === true;
  if (serves && (proved || policy.onNode?.kind === 'held' || (current && record.state === 'installed'))) own.ready += 1;
  else if (current && record.state === 'failed') {
    if (!PATIENT.has(record.reason)) own.failed += 1;
    note(own, node);
  }
}

function leave(own: Tally, node: NodeView, record: NodeRecord | undefined): void {
  own.leaving.push({ node: node.name, ready: node.ready });
  if (!node.ready || record?.state === 'failed' || (record?.attempts ?? 0) > 0) note(own, node);
}

function note({ problems }: Tally, { name, condition, ready }: NodeView): void {
  if (problems.length === PROBLEMS_MAX) return;
  const reason = ready ? (condition?.reason ?? '') : 'NodeNotReady';
  const message = ready ? (condition?.message ?? '') : 'the kubelet does not report it as Ready';
  const text = message.length > MESSAGE_LENGTH_MAX ? `${message.slice(0, MESSAGE_LENGTH_MAX)} ...` : message;
  problems.push({ node: name, reason, message: text });
}
