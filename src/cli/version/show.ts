import type { V1Node } from '@kubernetes/client-node';
import { RUNTIME_LABEL_PREFIX } from '../../contract.ts';
import { NODE } from '../../operator/kube/shapes.ts';
import { CLIENT_VERSION } from '../client-version.ts';
import type { ClusterFlags } from '../cluster-flags.ts';
import { CliError } from '../exit.ts';
import { type Client, withClient } from '../kube/client.ts';
import { findOperator, type OperatorFound } from '../operator.ts';

interface Versions {
  readonly client: string;
  readonly node: string;
  readonly operator?: OperatorFound;
  /** Handlers that were proved live, and on how many nodes. */
  readonly handlers?: Readonly<Record<string, number>>;
  /** What could not be asked, and why. */
  readonly notRead?: readonly string[];
}

export async function showVersion(
  flags: ClusterFlags & { readonly client?: true; readonly output?: 'json' | 'yaml' },
): Promise<void> {
  const own = { client: CLIENT_VERSION, node: process.versions.node };
  const { found, failures } = flags.client === true ? { found: {}, failures: [] } : await fromCluster(flags);
  const notRead = failures.map(({ message }) => message);
  const versions: Versions = { ...own, ...found, ...(notRead.length === 0 ? {} : { notRead }) };
  const whole = {
    ...versions,
    ...(versions.operator === undefined ? {} : { operator: operatorPart(versions.operator) }),
  };
  if (flags.output === 'json') process.stdout.write(`${JSON.stringify(whole, null, 2)}\n`);
  else if (flags.output === 'yaml') process.stdout.write((await import('js-yaml')).dump(whole));
  else process.stdout.write(`${versionLines(versions).join('\n')}\n`);
  const [first, ...more] = failures;
  for (const { message } of more) process.stderr.write(`kwasm: ${message}\n`);
  if (first !== undefined) throw first;
}

interface Asked {
  readonly found: Pick<Versions, 'operator' | 'handlers'>;
  readonly failures: readonly CliError[];
}

/** What one question fails at is no reason to keep the answer to the other. */
async function fromCluster(flags: ClusterFlags): Promise<Asked> {
  const failures: CliError[] = [];
  const attempt = async <T>(asked: Promise<T>): Promise<T | undefined> =>
    await asked.catch((error: unknown) => {
      if (!(error instanceof CliError)) throw error;
      if (failures.every(({ message }) => message !== error.message)) failures.push(error);
      return undefined;
    });
  const found = await attempt(
    withClient(flags, async (client) => {
      const [operator, handlers] = await Promise.all([
        attempt(findOperator(client, flags)),
        attempt(handlersOf(client)),
      ]);
      return { ...(operator === undefined ? {} : { operator }), ...(handlers === undefined ? {} : { handlers }) };
    }),
  );
  return { found: found ?? {}, failures };
}

async function handlersOf(client: Client): Promise<Readonly<Record<string, number>>> {
  const nodes = await client.list<V1Node>('list the nodes', '/api/v1/nodes', { shape: NODE });
  const handlers: Record<string, number> = {};
  for (const { metadata } of nodes) {
    for (const [key, value] of Object.entries(metadata?.labels ?? {})) {
      if (!key.startsWith(RUNTIME_LABEL_PREFIX) || value !== 'true') continue;
      const handler = key.slice(RUNTIME_LABEL_PREFIX.length);
      handlers[handler] = (handlers[handler] ?? 0) + 1;
    }
  }
  return handlers;
}

function operatorPart(found: OperatorFound): object {
  if (found.kind !== 'present') return found;
  const { namespace, name, version, image, installImage, installer } = found.operator;
  return { namespace, name, version, image, installImage, ownImage: installer.image };
}

function versionLines({ client, node, operator, handlers }: Versions): readonly string[] {
  const own = `client     ${client} (Node ${node})`;
  return [own, ...(operator === undefined ? [] : operatorLines(operator)), ...shimLines(handlers)];
}

function shimLines(handlers: Versions['handlers']): readonly string[] {
  if (handlers === undefined) return [];
  const shims = Object.entries(handlers).map(
    ([handler, nodes]) => `${handler} on ${nodes} ${nodes === 1 ? 'node' : 'nodes'}`,
  );
  return [`shims      ${shims.join(', ') || 'proved on no node'}`];
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
