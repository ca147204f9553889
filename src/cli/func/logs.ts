import type { V1Pod } from '@kubernetes/client-node';
import { systemClock } from '../../clock.ts';
import type { FunctionCluster } from '../../func/deploy/cluster.ts';
import { findFunction } from '../../func/deploy/find.ts';
import { CONTAINER } from '../../func/deploy/kinds.ts';
import { podsOf } from '../../func/deploy/wait.ts';
import { CliError, EXIT } from '../exit.ts';
import { onInterrupt } from '../interrupt.ts';
import type { Client } from '../kube/client.ts';
import { withFunctionCluster } from './cluster.ts';
import { type LogFlags, type Target, targetOf } from './target.ts';

/** While following: how often a new pod is looked for. */
const POLL_MS = 1_000;
const BYTES_MAX = 10 * 1024 * 1024;

export async function showLogs(name: string | undefined, flags: LogFlags): Promise<void> {
  using interrupt = onInterrupt();
  const { signal } = interrupt;
  await withFunctionCluster(flags, async (cluster, client) => {
    const target = await targetOf(name, flags, client);
    await findFunction(target.namespace, target.name, cluster);
    if (flags.follow === true) await follow(target, flags, cluster, client, signal);
    else await printAll(target, flags, cluster, client, signal);
  });
  if (signal.aborted) throw new CliError('interrupted', { exitCode: EXIT.interrupted });
}

async function printAll(
  target: Target,
  flags: LogFlags,
  cluster: FunctionCluster,
  client: Client,
  signal: AbortSignal,
): Promise<void> {
  const pods = (await podsOf(target, cluster)).filter(hasStarted);
  if (pods.length === 0) {
    throw new CliError(`no pod of ${target.name} has started; kwasm func describe ${target.name} says why`, {
      exitCode: EXIT.notFound,
    });
  }
  const { tail, since } = flags;
  for (const pod of pods) await print(pod, { tail, since, follow: false, prefixed: pods.length > 1 }, client, signal);
}

/** Every pod as it comes, side by side, until Ctrl-C. */
async function follow(
  target: Target,
  { tail, since }: LogFlags,
  cluster: FunctionCluster,
  client: Client,
  signal: AbortSignal,
): Promise<void> {
  const followed = new Map<string, Promise<void>>();
  while (!signal.aborted) {
    for (const pod of (await podsOf(target, cluster)).filter(hasStarted)) {
      // A container that was started again writes another log.
      const key = `${pod.metadata?.uid}/${containerOf(pod)?.restartCount}`;
      if (followed.has(key)) continue;
      const lines = print(pod, { tail, since, follow: true, prefixed: true }, client, signal);
      followed.set(
        key,
        lines.catch((error: unknown) => console.error(String(error))),
      );
    }
    await systemClock.sleep(POLL_MS, signal).catch(() => {});
  }
  await Promise.all(followed.values());
}

function hasStarted(pod: V1Pod): boolean {
  const container = containerOf(pod);
  return container?.state?.waiting === undefined
    ? container !== undefined
    : container.lastState?.terminated !== undefined;
}

function containerOf({ status }: V1Pod) {
  return status?.containerStatuses?.find(({ name }) => name === CONTAINER);
}

interface Printing {
  readonly tail: number | undefined;
  readonly since: number | undefined;
  readonly follow: boolean;
  /** With the pod's name before each line. */
  readonly prefixed: boolean;
}

async function print(
  { metadata }: V1Pod,
  { tail, since, follow: following, prefixed }: Printing,
  client: Client,
  signal: AbortSignal,
): Promise<void> {
  const { name = '', namespace = '' } = metadata ?? {};
  const path = `/api/v1/namespaces/${namespace}/pods/${name}/log`;
  const query = {
    container: CONTAINER,
    ...(following ? { follow: 'true' } : { limitBytes: String(BYTES_MAX) }),
    ...(tail === undefined ? {} : { tailLines: String(tail) }),
    ...(since === undefined ? {} : { sinceSeconds: String(Math.ceil(since / 1000)) }),
  };
  const put = (line: string) => process.stdout.write(prefixed ? `${name}: ${line}\n` : `${line}\n`);
  let rest = '';
  for await (const text of client.text(`read the log of pod ${namespace}/${name}`, path, query, signal)) {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) put(line);
  }
  if (rest !== '') put(rest);
}
