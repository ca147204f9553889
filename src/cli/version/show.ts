import type { V1Node } from '@kubernetes/client-node';
import { RUNTIME_LABEL_PREFIX } from '../../contract.ts';
import { NODE } from '../../operator/kube/shapes.ts';
import { CLIENT_VERSION } from '../client-version.ts';
import type { ClusterFlags } from '../cluster-flags.ts';
import { withClient } from '../kube/client.ts';
import { findOperator, type OperatorFound } from '../operator.ts';

interface Versions {
  readonly client: string;
  readonly node: string;
  readonly operator?: OperatorFound;
  /** Handlers that were proved live, and on how many nodes. */
  readonly handlers?: Readonly<Record<string, number>>;
}

export async function showVersion(
  flags: ClusterFlags & { readonly client?: true; readonly output?: 'json' | 'yaml' },
): Promise<void> {
  const own = { client: CLIENT_VERSION, node: process.versions.node };
  const versions: Versions = flags.client === true ? own : { ...own, ...(await fromCluster(flags)) };
  const whole = {
    ...versions,
    ...(versions.operator === undefined ? {} : { operator: operatorPart(versions.operator) }),
  };
  if (flags.output === 'json') process.stdout.write(`${JSON.stringify(whole, null, 2)}\n`);
  else if (flags.output === 'yaml') process.stdout.write((await import('js-yaml')).dump(whole));
  else process.stdout.write(`${versionLines(versions).join('\n')}\n`);
}

async function fromCluster(flags: ClusterFlags): Promise<Omit<Versions, 'client' | 'node'>> {
  return await withClient(flags, async (client) => {
    const [operator, nodes] = await Promise.all([
      findOperator(client, flags),
      client.list<V1Node>('list the nodes', '/api/v1/nodes', { shape: NODE }),
    ]);
    const handlers: Record<string, number> = {};
    for (const { metadata } of nodes) {
      for (const [key, value] of Object.entries(metadata?.labels ?? {})) {
        if (!key.startsWith(RUNTIME_LABEL_PREFIX) || value !== 'true') continue;
        const handler = key.slice(RUNTIME_LABEL_PREFIX.length);
        handlers[handler] = (handlers[handler] ?? 0) + 1;
      }
    }
    return { operator, handlers };
  });
}

function operatorPart(found: OperatorFound): object {
  if (found.kind !== 'present') return found;
  const { namespace, name, version, image, installImage, installer } = found.operator;
  return { namespace, name, version, image, installImage, ownImage: installer.image };
}

export function versionLines({ client, node, operator, handlers = {} }: Versions): readonly string[] {
  const lines = [`client     ${client} (Node ${node})`];
  if (operator === undefined) return lines;
  const shims = Object.entries(handlers).map(
    ([handler, nodes]) => `${handler} on ${nodes} ${nodes === 1 ? 'node' : 'nodes'}`,
  );
  return [...lines, ...operatorLines(operator), `shims      ${shims.join(', ') || 'proved on no node'}`];
}

function operatorLines(found: OperatorFound): readonly string[] {
  switch (found.kind) {
    case 'absent':
      return [`operator   none in namespace ${found.namespace}`];
    case 'unknown':
      return [`operator   not read: ${found.why}`];
    case 'present': {
      const { version, image, namespace, installImage, installer } = found.operator;
      const ours = installImage === installer.image ? [] : [`uninstalls ${installer.image}`];
      return [`operator   ${version} (${image}, namespace ${namespace})`, `installer  ${installImage}`, ...ours];
    }
  }
}
