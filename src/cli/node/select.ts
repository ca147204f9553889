import type { V1Node } from '@kubernetes/client-node';
import { projectNode } from '../../operator/decide/project.ts';
import type { NodeView } from '../../operator/decide/view.ts';
import { NODE } from '../../operator/kube/shapes.ts';
import { CliError, EXIT } from '../exit.ts';
import type { Client } from '../kube/client.ts';
import { nearest } from './nearest.ts';

/** Which nodes a person means. */
export type Selection =
  | { readonly kind: 'names'; readonly names: readonly string[] }
  | { readonly kind: 'selector'; readonly selector: string }
  | { readonly kind: 'all' };

/** Exactly one of the three. */
export function selectionOf(
  names: readonly string[],
  { selector, all }: { readonly selector?: string; readonly all?: true },
): Selection {
  const ways = [names.length > 0, selector !== undefined, all === true].filter(Boolean).length;
  if (ways !== 1) {
    throw new CliError('say which nodes: their names, or -l SELECTOR, or --all', { exitCode: EXIT.usage });
  }
  if (selector !== undefined) return { kind: 'selector', selector };
  return all === true ? { kind: 'all' } : { kind: 'names', names: [...new Set(names)] };
}

export async function selectNodes(client: Client, selection: Selection): Promise<readonly NodeView[]> {
  const options = selection.kind === 'selector' ? { labelSelector: selection.selector } : {};
  const nodes = await client.list<V1Node>('list the nodes', '/api/v1/nodes', { ...options, shape: NODE });
  const views = nodes.map((node) => projectNode(node));
  if (selection.kind === 'names') return byName(views, selection.names);
  if (views.length === 0) {
    const which =
      selection.kind === 'selector'
        ? `with ${selection.selector}; \`kubectl get nodes --show-labels\` has what they carry`
        : 'in this cluster';
    throw new CliError(`there is no node ${which}`, { exitCode: EXIT.notFound });
  }
  return views;
}

function byName(views: readonly NodeView[], names: readonly string[]): readonly NodeView[] {
  const known = new Map(views.map((node) => [node.name, node]));
  const unknown = names.filter((name) => !known.has(name));
  if (unknown.length > 0) throw unknownNodes(unknown, [...known.keys()]);
  return names.flatMap((name) => known.get(name) ?? []);
}

export function unknownNodes(unknown: readonly string[], names: readonly string[]): CliError {
  const near = unknown.flatMap((name) => nearest(name, names, 3));
  const more = names.length > 10 ? ` and ${names.length - 10} more` : '';
  const there = `there are: ${names.slice(0, 10).join(', ') || 'none'}${more}`;
  const hint = near.length > 0 ? `did you mean ${near.join(', ')}?` : there;
  return new CliError(`there is no node ${unknown.join(', ')}; ${hint}`, { exitCode: EXIT.notFound });
}
