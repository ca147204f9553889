import { PROVISIONED_LABEL, RECORD_ANNOTATION, runtimeLabel } from '../../contract.ts';
import type { Action, Settled } from './action.ts';
import { fitsLabel } from './name.ts';
import type { NodeRecord } from './record.ts';
import type { NodeView } from './view.ts';

/**
 * The one patch that brings labels and record in line with `record`, with the changed keys only; none when nothing
 * differs. `keepUnproved`: leave a label that KWasm set without proof. `before`: handlers we had labelled, so that theirs may go; a runtime label that a node pool declares by itself
 * is not ours to remove.
 */
export function mark(
  node: NodeView,
  record: NodeRecord | null,
  before: readonly string[],
  settled?: Settled,
  keepUnproved = false,
): readonly Action[] {
  const handlers = record?.handlers ?? [];
  const labels: Record<string, string | null> = {};
  const provisioned = handlers.length > 0 && fitsLabel(node.name) ? node.name : undefined;
  const keep = keepUnproved && handlers.length === 0;
  if (node.provisionedLabel !== provisioned && !keep) labels[PROVISIONED_LABEL] = provisioned ?? null;
  for (const handler of handlers) {
    if (fitsLabel(handler) && !node.runtimeLabels.includes(handler)) labels[runtimeLabel(handler)] = 'true';
  }
  for (const handler of before) {
    if (!handlers.includes(handler) && node.runtimeLabels.includes(handler)) labels[runtimeLabel(handler)] = null;
  }
  const text = record === null ? undefined : JSON.stringify(record);
  const annotations = text === node.record ? {} : { [RECORD_ANNOTATION]: text ?? null };
  if (Object.keys(labels).length + Object.keys(annotations).length === 0) return [];
  return [{ kind: 'markNode', labels, annotations, ...(settled === undefined ? {} : { settled }) }];
}
