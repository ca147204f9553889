import type { V1ConfigMap, V1Node, V1Pod, V1RuntimeClass } from '@kubernetes/client-node';
import { PAUSE_CONFIG_MAP } from '../../contract.ts';
import { projectClass, projectNode } from '../../operator/decide/project.ts';
import type { Shape } from '../../operator/kube/protobuf.ts';
import { NODE, RUNTIME_CLASS } from '../../operator/kube/shapes.ts';
import type { ClusterFlags } from '../cluster-flags.ts';
import { CliError, EXIT } from '../exit.ts';
import type { Client } from '../kube/client.ts';
import { findOperator, type OperatorFound } from '../operator.ts';
import type { StatusFacts, WasmPod, Workloads } from './view.ts';

/** Beyond that, reading every pod of a large cluster would be most of the command's time. */
const PODS_MAX = 5_000;
const ALL_PODS_MAX = 500_000;

const text = (name: string) => ({ name, kind: 'text', repeated: false, shape: [] }) as const;
const part = (name: string, fields: Readonly<Record<number, Shape[number]>>, repeated = false) =>
  ({ name, kind: 'message', repeated, shape: shapeOf(fields) }) as const;

/** Field numbers of Kubernetes' generated.proto, which never change. */
const POD: Shape = shapeOf({
  1: part('metadata', {
    1: text('name'),
    3: text('namespace'),
    13: part('ownerReferences', { 1: text('kind'), 3: text('name') }, true),
  }),
  2: part('spec', { 10: text('nodeName'), 29: text('runtimeClassName') }),
  3: part('status', { 1: text('phase') }),
});

function shapeOf(fields: Readonly<Record<number, Shape[number]>>): Shape {
  const last = Math.max(...Object.keys(fields).map(Number));
  return Array.from({ length: last + 1 }, (_, number) => fields[number]);
}

export async function readStatus(client: Client, flags: ClusterFlags, allPods: boolean): Promise<StatusFacts> {
  const [operator, nodes, classes] = await Promise.all([
    findOperator(client, flags),
    client.list<V1Node>('list the nodes', '/api/v1/nodes', { shape: NODE }),
    client.list<V1RuntimeClass>('list the RuntimeClasses', '/apis/node.k8s.io/v1/runtimeclasses', {
      shape: RUNTIME_CLASS,
    }),
  ]);
  const views = classes.map(projectClass);
  const names = new Set(views.map(({ name }) => name));
  const [pausedBy, workloads] = await Promise.all([
    readPause(client, operator),
    names.size === 0 ? ({ kind: 'read', pods: [], more: false } as const) : readWorkloads(client, names, allPods),
  ]);
  return { operator, nodes: nodes.map((node) => projectNode(node)), classes: views, pausedBy, workloads };
}

export async function readPause(client: Client, operator: OperatorFound): Promise<string | undefined> {
  if (operator.kind !== 'present') return undefined;
  const path = `/api/v1/namespaces/${operator.operator.namespace}/configmaps/${PAUSE_CONFIG_MAP}`;
  try {
    return (await client.get<V1ConfigMap>('look for a pause', path)).data?.['reason'] ?? '';
  } catch (error) {
    if (error instanceof CliError && (error.exitCode === EXIT.notFound || error.exitCode === EXIT.forbidden))
      return undefined;
    throw error;
  }
}

/** Pods cannot be selected by their RuntimeClass, so they are read as they come, in a few of their fields. */
async function readWorkloads(client: Client, classes: ReadonlySet<string>, all: boolean): Promise<Workloads> {
  const options = { shape: POD, fieldSelector: 'status.phase!=Succeeded,status.phase!=Failed' };
  try {
    const { items, more } = await client.listSome<V1Pod>(
      'list pods',
      '/api/v1/pods',
      all ? ALL_PODS_MAX : PODS_MAX,
      options,
    );
    return { kind: 'read', pods: items.flatMap((pod) => wasmPod(pod, classes)), more };
  } catch (error) {
    if (error instanceof CliError && error.exitCode === EXIT.forbidden) return { kind: 'unread', why: error.message };
    throw error;
  }
}

function wasmPod({ metadata, spec, status }: V1Pod, classes: ReadonlySet<string>): readonly WasmPod[] {
  const runtimeClass = spec?.runtimeClassName;
  if (runtimeClass === undefined || runtimeClass === '' || !classes.has(runtimeClass)) return [];
  const [owner] = metadata?.ownerReferences ?? [];
  return [
    {
      namespace: metadata?.namespace ?? '',
      name: metadata?.name ?? '',
      node: spec?.nodeName ?? '',
      runtimeClass,
      phase: status?.phase ?? '',
      owner: owner === undefined ? '' : `${owner.kind}/${owner.name}`,
    },
  ];
}
