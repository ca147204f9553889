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
import { CliError, EXIT } from '../exit.ts';
import { assertWritable } from '../given-file.ts';
import { onInterrupt } from '../interrupt.ts';
import { type Client, withClient } from '../kube/client.ts';
import { podLog } from '../kube/job-log.ts';
import { findOperator, NAMESPACE_DEFAULT } from '../operator.ts';
import { painter } from '../screen.ts';
import { statusObject } from '../status/machine.ts';
import { readStatus } from '../status/read.ts';
import { statusText } from '../status/text.ts';
import { statusView } from '../status/view.ts';
import type { BundleFlags } from '../support-bundle.ts';
import { debugState } from './debug-state.ts';
import { redact, redactText } from './redact.ts';
import { type TextFile, tarGz } from './tar.ts';

const TOP = 'kwasm-support';
const LOG_MS_MAX = 60_000;
const PODS_MAX = 200;
const NODES_MAX = 1_000;

export async function makeBundle(flags: BundleFlags): Promise<void> {
  const now = new Date();
  const target = flags.output ?? `kwasm-support-${now.toISOString().slice(0, 19).replaceAll(':', '')}.tar.gz`;
  assertWritable(target);
  using interrupt = onInterrupt();
  const { files, gaps } = await withClient(flags, (client) => collect(client, flags, interrupt.signal));
  const about = { client: CLIENT_VERSION, at: now.toISOString(), gaps };
  const all = [...files, { path: `${TOP}/about.json`, text: `${JSON.stringify(about, null, 2)}\n` }];
  writeFileSync(target, tarGz(all, now.getTime()), { mode: 0o600 });
  process.stdout.write(`${target}: ${all.length} files. Look into it before you send it: tar -tzf ${target}\n`);
  for (const gap of gaps) process.stderr.write(`kwasm: not in it: ${gap}\n`);
}

interface Collected {
  readonly files: readonly TextFile[];
  /** What could not be read: a bundle with a hole is better than none. */
  readonly gaps: readonly string[];
}

async function collect(client: Client, flags: BundleFlags, signal: AbortSignal): Promise<Collected> {
  const files: TextFile[] = [];
  const gaps: string[] = [];
  const json = (path: string, value: unknown): void => {
    files.push({ path: `${TOP}/${path}`, text: `${JSON.stringify(redact(value), null, 2)}\n` });
  };
  const attempt = async (what: string, work: () => Promise<void>) => {
    await work().catch((error: unknown) => {
      if (error instanceof CliError && error.exitCode === EXIT.unreachable) throw error;
      gaps.push(`${what}: ${messageOf(error)}`);
    });
    if (signal.aborted) throw new CliError('interrupted; no bundle was written', { exitCode: EXIT.interrupted });
  };
  const found = await findOperator(client, flags);
  const namespace = found.kind === 'present' ? found.operator.namespace : (found.namespace ?? NAMESPACE_DEFAULT);
  const inNamespace = (group: string, kind: string) => `/${group}/namespaces/${namespace}/${kind}`;
  await attempt('status', async () => {
    const view = statusView(await readStatus(client, flags, false));
    json('status.json', statusObject(view));
    const options = { paint: painter(false), width: 160, wide: true, nowMs: Date.now(), nodesMax: NODES_MAX };
    files.push({ path: `${TOP}/status.txt`, text: redactText(`${statusText(view, options).join('\n')}\n`) });
  });
  await attempt('nodes', async () => {
    const nodes = await client.list<V1Node>('list the nodes', '/api/v1/nodes');
    json('nodes.json', nodes.slice(0, NODES_MAX).map(nodeFacts));
  });
  await attempt('RuntimeClasses', async () =>
    json(
      'runtimeclasses.json',
      await client.list<V1RuntimeClass>('list the RuntimeClasses', '/apis/node.k8s.io/v1/runtimeclasses'),
    ),
  );
  await attempt('Deployments', async () =>
    json(
      'deployments.json',
      await client.list<V1Deployment>('list Deployments', inNamespace('apis/apps/v1', 'deployments')),
    ),
  );
  // One by name: other ConfigMaps of the namespace are nobody's business.
  if (found.kind === 'present')
    await attempt('the configuration', async () =>
      json(
        'configuration.json',
        await client.get<V1ConfigMap>(
          'read the configuration',
          `${inNamespace('api/v1', 'configmaps')}/${found.operator.name}`,
        ),
      ),
    );
  await attempt('Jobs', async () =>
    json('jobs.json', await client.list<V1Job>('list Jobs', inNamespace('apis/batch/v1', 'jobs'))),
  );
  await attempt('Events', async () => {
    json('events-operator.json', await client.list<CoreV1Event>('list Events', inNamespace('api/v1', 'events')));
    const of = { fieldSelector: 'involvedObject.kind=Node' };
    json(
      'events-nodes.json',
      (await client.list<CoreV1Event>('list Events', '/api/v1/namespaces/default/events', of)).filter(isOurs),
    );
  });
  await attempt('pods', async () => {
    const pods = await client.list<V1Pod>('list pods', inNamespace('api/v1', 'pods'));
    json('pods.json', pods);
    for (const pod of pods.slice(0, PODS_MAX)) await logs(client, pod, files, gaps, signal);
    const operator = pods.find(
      ({ metadata, status }) =>
        metadata?.labels?.['app.kubernetes.io/name'] === 'kwasm-operator' && status?.phase === 'Running',
    );
    if (operator?.metadata?.name === undefined) return;
    const { name } = operator.metadata;
    await attempt("the operator's own view", async () =>
      json('debug-state.json', await debugState(client, namespace, name)),
    );
  });
  for (const node of flags.node ?? []) {
    await attempt(`the look at ${node}`, async () => {
      const { text } = await look(client, { name: node, ready: true }, found, flags, signal);
      files.push({ path: `${TOP}/doctor/${shortened(node)}.txt`, text: redactText(text) });
    });
  }
  return { files, gaps };
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

async function logs(
  client: Client,
  { metadata, spec, status }: V1Pod,
  files: TextFile[],
  gaps: string[],
  signal: AbortSignal,
): Promise<void> {
  const pod = { namespace: metadata?.namespace ?? '', name: metadata?.name ?? '' };
  const states = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
  for (const { name: container } of [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])]) {
    if (states.find(({ name }) => name === container)?.state?.waiting !== undefined) continue;
    if (signal.aborted) return;
    const within = AbortSignal.any([signal, AbortSignal.timeout(LOG_MS_MAX)]);
    let text = '';
    try {
      for await (const part of podLog(client, pod, container, {}, within)) text += part;
    } catch (error) {
      gaps.push(`log of ${pod.name}/${container}${text === '' ? '' : ', its end'}: ${messageOf(error)}`);
      if (text === '') continue;
    }
    files.push({ path: `${TOP}/logs/${shortened(pod.name)}.${container}.log`, text: redactText(text) });
  }
}

/** A name in an archive has room for 100 characters. */
function shortened(name: string): string {
  if (name.length <= 50) return name;
  return `${name.slice(0, 40)}-${createHash('sha256').update(name).digest('hex').slice(0, 8)}`;
}
