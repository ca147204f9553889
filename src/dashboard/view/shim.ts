import { fieldsOf, type ShimObject } from '../../operator/decide/shims/project.ts';
import type { ShimRow } from '../wire.ts';

/** A Shim as the page shows it. Custom resources are checked by no more than the schema of the day, so nothing is taken for granted. */
export function seeShim({ metadata, spec, status }: ShimObject): ShimRow {
  const written = fieldsOf(spec);
  const nodes = fieldsOf(fieldsOf(status)['nodes']);
  const count = (name: string) => (typeof nodes[name] === 'number' ? nodes[name] : 0);
  const conditions = fieldsOf(status)['conditions'];
  const ready = (Array.isArray(conditions) ? conditions.map(fieldsOf) : []).find(({ type }) => type === 'Ready');
  return {
    name: metadata?.name ?? '',
    handler: textOf(written['handler']),
    version: textOf(written['version']),
    desired: count('desired'),
    ready: count('ready'),
    failed: count('failed'),
    reason: textOf(ready?.['reason']),
    message: textOf(ready?.['message']),
  };
}

function textOf(data: unknown): string {
  return typeof data === 'string' ? data : '';
}
