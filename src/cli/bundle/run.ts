import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import type {
  CoreV1Event,
  V1ConfigMap,
  V1Deployment,
  V1Job,
  V1Node,
  V1Pod,
  V1RuntimeClass,
} from '@kubernetes/client-node';
import { NODE_CONDITION, RECORD_ANNOTATION } from '../../contract.ts';
import { messageOf } from '../../errors.ts';
import { CLIENT_VERSION } from '../client-version.ts';
import { look } from '../doctor/run.ts';
import { assertWritable } from '../given-file.ts';
import { onInterrupt } from '../interrupt.ts';
import { type Client, withClient } from '../kube/client.ts';
import { podLog } from '../kube/job-log.ts';
import { findOperator, NAMESPACE_DEFAULT, type OperatorFound } from '../operator.ts';
import { painter } from '../screen.ts';
import { shimObjects } from '../shim/list.ts';
import { statusObject } from '../status/machine.ts';
import { readStatus } from '../status/read.ts';
import { statusText } from '../status/text.ts';
import { statusView } from '../status/view.ts';
import type { BundleFlags } from '../support-bundle.ts';
import { Collection } from './collection.ts';
import { debugState } from './debug-state.ts';
import { tarGz } from './tar.ts';

const LOG_MS_MAX = 60_000;
const PODS_MAX = 200;
const NODES_MAX = 1_000;

export async function makeBundle(flags: BundleFlags): Promise<void> {
  const now = new Date();
  const target = flags.output ?? `kwasm-support-${now.toISOString().slice(0, 19).replaceAll(':', '')}.tar.gz`;
  assertWritable(target);
  using interrupt = onInterrupt();
  const into = new Collection(interrupt.signal);
  await withClient(flags, (client) => collect(client, flags, into));
  const { files, gaps } = into;
  into.json('about.json', { client: CLIENT_VERSION, at: now.toISOString(), gaps });
  writeFileSync(target, tarGz(files, now.getTime()), { mode: 0o600 });
  process.stdout.write(`${target}: ${files.length} files. Look into it before you send it: tar -tzf ${target}\n`);
  for (const gap of gaps) process.stderr.write(`kwasm: not in it: ${gap}\n`);
}

async function collect(client: Client, flags: BundleFlags, into: Collection): Promise<void> {
  const found = await findOperator(client, flags);
  const namespace = found.kind === 'present' ? found.operator.namespace : (found.namespace ?? NAMESPACE_DEFAULT);
  await into.attempt('status', async () => {
    const view = statusView(await readStatus(client, flags, false));
    into.json('status.json', statusObject(view));
    const options = { paint: painter(false), width: 160, wide: true, nowMs: Date.now(), nodesMax: NODES_MAX };
    into.text('status.txt', `${statusText(view, options).join('\n')}\n`);
  });
  await clusterObjects(client, into);
  await operatorObjects(client, found, namespace, into);
  await podsAndLogs(client, namespace, into);
  for (const node of flags.node ?? []) {
    await into.attempt(`the look at ${node}`, async () => {
      const { text } = await look(client, { name: node, ready: true }, found, flags, into.signal);
      into.text(`doctor/${shortened(node)}.txt`, text);
    });
  }
}

async function clusterObjects(client: Client, into: Collection): Promise<void> {
  await into.object('nodes', 'nodes.json', async () => {
    const nodes = await client.list<V1Node>('list the nodes', '/api/v1/nodes');
    return into.some('nodes', nodes, NODES_MAX).map(nodeFacts);
  });
  const classes = '/apis/node.k8s.io/v1/runtimeclasses';
  await into.object('RuntimeClasses', 'runtimeclasses.json', () =>
    client.list<V1RuntimeClass>('list the RuntimeClasses', classes),
  );
  await into.object('Shims', 'shims.json', () => shimObjects(client));
  await into.object('Events of nodes', 'events-nodes.json', async () => {
    const of = { fieldSelector: 'involvedObject.kind=Node' };
    return (await client.list<CoreV1Event>('list Events', '/api/v1/namespaces/default/events', of)).filter(isOurs);
  });
}

async function operatorObjects(
  client: Client,
  found: OperatorFound,
  namespace: string,
  into: Collection,
): Promise<void> {
  const inNamespace = (group: string, kind: string) => `/${group}/namespaces/${namespace}/${kind}`;
  await into.object('Deployments', 'deployments.json', () =>
    client.list<V1Deployment>('list Deployments', inNamespace('apis/apps/v1', 'deployments')),
  );
  if (found.kind === 'present') {
    // One by name: other ConfigMaps of the namespace are nobody's business.
    const path = `${inNamespace('api/v1', 'configmaps')}/${found.operator.name}`;
    await into.object('the configuration', 'configuration.json', () =>
      client.get<V1ConfigMap>('read the configuration', path),
    );
  }
  await into.object('Jobs', 'jobs.json', () => client.list<V1Job>('list Jobs', inNamespace('apis/batch/v1', 'jobs')));
  await into.object('Events', 'events-operator.json', () =>
    client.list<CoreV1Event>('list Events', inNamespace('api/v1', 'events')),
  );
}

async function podsAndLogs(client: Client, namespace: string, into: Collection): Promise<void> {
  await into.attempt('pods', async () => {
    const pods = await client.list<V1Pod>('list pods', `/api/v1/namespaces/${namespace}/pods`);
    into.json('pods.json', pods);
    for (const pod of into.some('logs of pods', pods, PODS_MAX)) await logs(client, pod, into);
    const operator = pods.find(
      ({ metadata, status }) =>
        metadata?.labels?.['app.kubernetes.io/name'] === 'kwasm-operator' && status?.phase === 'Running',
    );
    const name = operator?.metadata?.name;
    if (name !== undefined)
      await into.object("the operator's own view", 'debug-state.json', () => debugState(client, namespace, name));
  });
}

/** Without the list of images and addresses, which is most of a node and none of our business. */
function nodeFacts({ metadata, spec, status }: V1Node): object {
  const { name, uid, labels, annotations, creationTimestamp } = metadata ?? {};
  const ours = Object.fromEntries(Object.entries(annotations ?? {}).filter(([key]) => key.includes('kwasm.sh')));
  const record = ours[RECORD_ANNOTATION];
  return {
    name,
    uid,
    creationTimestamp,
    labels,
    annotations: ours,
    record: record === undefined ? undefined : parsed(record),
    unschedulable: spec?.unschedulable,
    taints: spec?.taints,
    nodeInfo: status?.nodeInfo,
    runtimeHandlers: status?.runtimeHandlers,
    conditions: status?.conditions?.filter(({ type }) => type === NODE_CONDITION || type === 'Ready'),
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function isOurs({ source, reportingComponent }: CoreV1Event): boolean {
  return /kwasm/.test(`${source?.component ?? ''} ${reportingComponent ?? ''}`);
}

async function logs(client: Client, { metadata, spec, status }: V1Pod, into: Collection): Promise<void> {
  const pod = { namespace: metadata?.namespace ?? '', name: metadata?.name ?? '' };
  const states = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
  for (const { name: container } of [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])]) {
    if (states.find(({ name }) => name === container)?.state?.waiting !== undefined) continue;
    if (into.signal.aborted) return;
    const within = AbortSignal.any([into.signal, AbortSignal.timeout(LOG_MS_MAX)]);
    let text = '';
    try {
      for await (const part of podLog(client, pod, container, {}, within)) text += part;
    } catch (error) {
      into.gaps.push(`log of ${pod.name}/${container}${text === '' ? '' : ', its end'}: ${messageOf(error)}`);
      if (text === '') continue;
    }
    into.text(`logs/${shortened(pod.name)}.${container}.log`, text);
  }
}

/** A name in an archive has room for 100 characters. */
function shortened(name: string): string {
  if (name.length <= 50) return name;
  return `${name.slice(0, 40)}-${createHash('sha256').update(name).digest('hex').slice(0, 8)}`;
}
