import { isReason } from '../../operator/decide/reason.ts';
import type { ClassView, NodeView } from '../../operator/decide/view.ts';
import type { OperatorFound } from '../operator.ts';
import { type NodeRow, nodeRow, type Standing, type Wish } from './node-row.ts';

/** What `kwasm status` knows, read at one moment. */
export interface StatusFacts {
  readonly operator: OperatorFound;
  readonly nodes: readonly NodeView[];
  readonly classes: readonly ClassView[];
  /** Somebody has paused everything; the reason that was given. */
  readonly pausedBy: string | undefined;
  readonly workloads: Workloads;
}

/** Pods that name one of the RuntimeClasses, by their owner. */
export type Workloads =
  | { readonly kind: 'read'; readonly pods: readonly WasmPod[]; readonly more: boolean }
  | { readonly kind: 'unread'; readonly why: string };

export interface WasmPod {
  readonly namespace: string;
  readonly name: string;
  readonly node: string;
  readonly runtimeClass: string;
  readonly phase: string;
  /** `ReplicaSet/web-6d4`; empty: nobody's. */
  readonly owner: string;
}

export interface KindRow {
  readonly kind: string;
  readonly wanted: number;
  readonly counts: Readonly<Record<Standing, number>>;
}

export interface ClassRow {
  readonly name: string;
  readonly handler: string;
  /** Made by the operator; others belong to somebody else. */
  readonly ours: boolean;
  /** Nodes that it selects and that were proved. */
  readonly nodes: number;
  readonly pods: number;
}

export interface WorkloadRow {
  readonly namespace: string;
  readonly owner: string;
  readonly runtimeClass: string;
  readonly pods: number;
  readonly running: number;
}

export interface StatusView {
  readonly operator: OperatorFound;
  readonly pausedBy: string | undefined;
  /** Of nodes that are wanted or that something of ours is on. */
  readonly counts: Readonly<Record<Standing, number>>;
  readonly wanted: number;
  readonly total: number;
  readonly nodes: readonly NodeRow[];
  /** Nodes that are alike enough for one to speak for the others; the rollout goes by them. */
  readonly kinds: readonly KindRow[];
  /** What is waited for, and by how many nodes. */
  readonly waits: readonly { readonly reason: string; readonly message: string; readonly nodes: number }[];
  readonly classes: readonly ClassRow[];
  readonly workloads: readonly WorkloadRow[];
  readonly workloadsNote: string;
}

export function statusView({ operator, nodes, classes, pausedBy, workloads }: StatusFacts): StatusView {
  const rows = nodes.map((node) => nodeRow(node, wishOf(operator))).sort((a, b) => compare(a.name, b.name));
  const shown = rows.filter(({ standing }) => standing !== 'idle');
  const used = classes.filter((one) => one.ours || usesLabels(one));
  return {
    operator,
    pausedBy,
    counts: countsOf(rows),
    wanted: rows.filter(({ wanted }) => wanted).length,
    total: rows.length,
    nodes: shown,
    kinds: kindsOf(shown),
    waits: waitsOf(shown),
    classes: used.map((one) => classRow(one, nodes, workloads)),
    workloads: workloadsOf(workloads),
    workloadsNote: noteOf(workloads),
  };
}

/** Where the operator cannot be read, only what the nodes themselves say counts. */
export function wishOf(found: OperatorFound): Wish {
  return found.kind === 'present' ? found.operator : { autoProvision: false, mode: 'jobs' };
}

/** failed before waiting: who reads only the exit code must hear of the worst. */
export function verdictOf({ nodes, operator }: StatusView): 'ready' | 'unready' | 'unfit' {
  if (nodes.some(({ standing }) => standing === 'failed')) return 'unfit';
  if (operator.kind === 'absent' && nodes.some(({ wanted }) => wanted)) return 'unfit';
  return nodes.every(({ standing }) => standing === 'ready') ? 'ready' : 'unready';
}

function countsOf(rows: readonly NodeRow[]): Record<Standing, number> {
  const counts = { ready: 0, working: 0, waiting: 0, retrying: 0, failed: 0, unseen: 0, idle: 0 };
  for (const { standing } of rows) counts[standing] += 1;
  return counts;
}

function kindsOf(rows: readonly NodeRow[]): readonly KindRow[] {
  const groups = Map.groupBy(rows, ({ kind }) => kind);
  return [...groups]
    .map(([kind, its]) => ({ kind, wanted: its.filter(({ wanted }) => wanted).length, counts: countsOf(its) }))
    .sort((a, b) => compare(a.kind, b.kind));
}

function waitsOf(rows: readonly NodeRow[]): StatusView['waits'] {
  const waiting = rows.filter(({ standing, reason }) => standing === 'waiting' && isReason(reason));
  const groups = Map.groupBy(waiting, ({ reason, message }) => `${reason}\n${message}`);
  return [...groups.values()]
    .flatMap((its) => {
      const [first] = its;
      return first === undefined ? [] : [{ reason: first.reason, message: first.message, nodes: its.length }];
    })
    .sort((a, b) => b.nodes - a.nodes);
}

const RUNTIME_LABEL = /^runtime\.kwasm\.sh\//;

function usesLabels({ nodeSelector }: ClassView): boolean {
  return Object.keys(nodeSelector).some((key) => RUNTIME_LABEL.test(key));
}

function classRow({ name, handler, ours }: ClassView, nodes: readonly NodeView[], workloads: Workloads): ClassRow {
  return {
    name,
    handler,
    ours,
    nodes: nodes.filter(({ runtimeLabels }) => runtimeLabels.includes(handler)).length,
    pods: workloads.kind === 'read' ? workloads.pods.filter(({ runtimeClass }) => runtimeClass === name).length : 0,
  };
}

function workloadsOf(workloads: Workloads): readonly WorkloadRow[] {
  if (workloads.kind === 'unread') return [];
  const groups = Map.groupBy(
    workloads.pods,
    (pod) => `${pod.namespace}\n${pod.owner || pod.name}\n${pod.runtimeClass}`,
  );
  return [...groups.values()].flatMap((pods) => {
    const [first] = pods;
    if (first === undefined) return [];
    const { namespace, owner, name, runtimeClass } = first;
    const running = pods.filter(({ phase }) => phase === 'Running').length;
    return [{ namespace, owner: owner || `Pod/${name}`, runtimeClass, pods: pods.length, running }];
  });
}

function noteOf(workloads: Workloads): string {
  if (workloads.kind === 'unread') return `pods were not read: ${workloads.why}`;
  return workloads.more ? 'only part of the pods were read; --all-pods reads every one' : '';
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
