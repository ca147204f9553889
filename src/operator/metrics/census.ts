import type { Policy } from '../decide/policy.ts';
import { REASONS, type Reason } from '../decide/reason.ts';
import { STAGES, type Stage, stageOf } from '../decide/stage.ts';
import type { NodeView } from '../decide/view.ts';

/** All nodes, counted. Never by name: a label whose values grow with the cluster would cost the monitoring more than us. */
export interface Census {
  readonly stages: ReadonlyMap<Stage, number>;
  readonly reasons: ReadonlyMap<Reason, number>;
  readonly handlers: ReadonlyMap<string, number>;
}

const HANDLERS_MAX = 32;
const OTHER = 'other';

/** Views are never changed, only replaced, so what was worked out for one holds for as long as it is there. */
export type StageMemory = WeakMap<NodeView, { readonly busy: boolean; readonly policy: Policy; readonly stage: Stage }>;

export function takeCensus(
  nodes: readonly NodeView[],
  busyNames: readonly string[],
  policyOf: (node: NodeView) => Policy,
  memory: StageMemory = new WeakMap(),
): Census {
  const stages = new Map(stageNames().map((stage) => [stage, 0]));
  const reasons = new Map(reasonNames().map((reason) => [reason, 0]));
  const handlers = new Map<string, number>();
  const busyOnes = new Set(busyNames);
  for (const node of nodes) {
    const busy = busyOnes.has(node.name);
    const policy = policyOf(node); // one object for all nodes of which it says the same
    const known = memory.get(node);
    const fresh = known?.busy === busy && known.policy === policy;
    const stage = fresh ? known.stage : stageOf(node, busy, policy);
    if (!fresh) memory.set(node, { busy, policy, stage });
    add(stages, stage);
    const reason = node.condition?.reason as Reason | undefined;
    if (reason !== undefined && reasons.has(reason)) add(reasons, reason);
    for (const handler of node.runtimeLabels) {
      add(handlers, handlers.has(handler) || handlers.size < HANDLERS_MAX ? handler : OTHER);
    }
  }
  return { stages, reasons, handlers };
}

function add<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function stageNames(): readonly Stage[] {
  return Object.keys(STAGES) as Stage[];
}

export function reasonNames(): readonly Reason[] {
  return Object.keys(REASONS) as Reason[];
}
