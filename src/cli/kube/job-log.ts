import type { V1Pod } from '@kubernetes/client-node';
import { ARM_CONTAINER, GUARD_CONTAINER, INSTALLER_CONTAINER, JOB_LABEL } from '../../contract.ts';
import type { ClusterFlags } from '../cluster-flags.ts';
import { CliError, EXIT } from '../exit.ts';
import { findOperator, requireOperator } from '../operator.ts';
import type { Client } from './client.ts';

/** What ran on a node for us, newest last, and what it wrote. */
export interface NodePod {
  readonly namespace: string;
  readonly name: string;
  readonly action: string;
  readonly phase: string;
  readonly createdMs: number;
  readonly containers: readonly string[];
}

const TAIL_LINES = 20;
const BYTES_MAX = 10 * 1024 * 1024;
const ORDER = [ARM_CONTAINER, INSTALLER_CONTAINER, GUARD_CONTAINER];

export async function podsOfNode(client: Client, namespace: string, node: string): Promise<readonly NodePod[]> {
  const pods = await client.list<V1Pod>(
    `list the pods of our Jobs on ${node}`,
    `/api/v1/namespaces/${namespace}/pods`,
    {
      labelSelector: `${JOB_LABEL}=true`,
      fieldSelector: `spec.nodeName=${node}`,
    },
  );
  return pods.map(nodePod).sort((a, b) => a.createdMs - b.createdMs);
}

function nodePod({ metadata, spec, status }: V1Pod): NodePod {
  const started = new Set(
    [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])]
      .filter(({ state, lastState }) => state?.waiting === undefined || lastState?.terminated !== undefined)
      .map(({ name }) => name),
  );
  const names = [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])].map(({ name }) => name);
  return {
    namespace: metadata?.namespace ?? '',
    name: metadata?.name ?? '',
    action: metadata?.labels?.['kwasm.sh/action'] ?? 'agent',
    phase: status?.phase ?? '',
    createdMs: new Date(metadata?.creationTimestamp ?? 0).getTime(),
    containers: names.filter((name) => started.has(name)).sort((a, b) => ORDER.indexOf(a) - ORDER.indexOf(b)),
  };
}

export interface LogOptions {
  readonly follow?: boolean;
  readonly tail?: number | undefined;
}

export async function* podLog(
  client: Client,
  { namespace, name }: Pick<NodePod, 'namespace' | 'name'>,
  container: string,
  options: LogOptions,
  signal: AbortSignal,
): AsyncGenerator<string> {
  const query = {
    container,
    ...(options.follow === true ? { follow: 'true' } : { limitBytes: String(BYTES_MAX) }),
    ...(options.tail === undefined ? {} : { tailLines: String(options.tail) }),
  };
  const path = `/api/v1/namespaces/${namespace}/pods/${name}/log`;
  yield* client.text(`read the log of pod ${namespace}/${name}`, path, query, signal);
}

export async function wholeLog(client: Client, pod: NodePod, container: string, tail?: number): Promise<string> {
  const parts: string[] = [];
  for await (const part of podLog(client, pod, container, { tail }, AbortSignal.timeout(60_000))) parts.push(part);
  return parts.join('');
}

/** Of the newest run; empty where no pod is left. */
export async function jobLogTail(client: Client, flags: ClusterFlags, node: string): Promise<readonly string[]> {
  const { namespace } = requireOperator(await findOperator(client, flags));
  const pod = (await podsOfNode(client, namespace, node)).at(-1);
  const container = pod?.containers.at(-1);
  if (pod === undefined || container === undefined) return [];
  const { readable } = await import('../logs/line.ts');
  const text = await wholeLog(client, pod, container, TAIL_LINES);
  return text.trimEnd().split('\n').map(readable);
}

export function noPods(node: string, namespace: string): CliError {
  return new CliError(
    `no pod of ours is left on ${node} in namespace ${namespace}: nothing ran there, or its Job's time to live is over. \`kwasm status\` shows what it came to`,
    { exitCode: EXIT.notFound },
  );
}
