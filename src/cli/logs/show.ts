import { systemClock } from '../../clock.ts';
import { CliError, EXIT } from '../exit.ts';
import { onInterrupt } from '../interrupt.ts';
import { type Client, withClient } from '../kube/client.ts';
import { type NodePod, noPods, podLog, podsOfNode } from '../kube/job-log.ts';
import type { LogFlags } from '../logs.ts';
import { selectNodes } from '../node/select.ts';
import { findOperator, NAMESPACE_DEFAULT, type OperatorFound } from '../operator.ts';
import { readable } from './line.ts';

/** While following: how often a new pod is looked for. */
const POLL_MS = 1_000;

export async function showLogs(node: string, flags: LogFlags): Promise<void> {
  using interrupt = onInterrupt();
  const { signal } = interrupt;
  await withClient(flags, async (client) => {
    const namespace = namespaceOf(await findOperator(client, flags));
    const pods = await podsOfNode(client, namespace, node);
    const newest = flags.all === true ? pods : pods.slice(-1);
    if (newest.length === 0) {
      await selectNodes(client, { kind: 'names', names: [node] }); // an unknown node is another mistake
      if (flags.follow !== true) throw noPods(node, namespace);
    }
    const seen = new Set<string>();
    for (const pod of newest) await printPod(client, pod, flags, seen, signal);
    while (flags.follow === true && !signal.aborted) {
      await systemClock.sleep(POLL_MS, signal).catch(() => {});
      if (signal.aborted) break;
      for (const pod of await podsOfNode(client, namespace, node)) {
        // A pod that was there before and not shown is an older one.
        if (!seen.has(pod.name) && pods.some(({ name }) => name === pod.name) && flags.all !== true) continue;
        await printPod(client, pod, flags, seen, signal);
      }
    }
  });
  if (signal.aborted) throw new CliError('interrupted', { exitCode: EXIT.interrupted });
}

function namespaceOf(found: OperatorFound): string {
  return found.kind === 'present' ? found.operator.namespace : (found.namespace ?? NAMESPACE_DEFAULT);
}

/** Each container of a pod once, in the order in which they matter. */
async function printPod(
  client: Client,
  pod: NodePod,
  flags: LogFlags,
  seen: Set<string>,
  signal: AbortSignal,
): Promise<void> {
  for (const container of pod.containers) {
    const key = `${pod.name}/${container}`;
    if (seen.has(key)) continue;
    seen.add(key).add(pod.name);
    if (flags.raw !== true) process.stdout.write(`--- ${pod.name} (${pod.action}, ${pod.phase}) ${container}\n`);
    const follow = flags.follow === true; // of a container that has ended it ends at once
    let rest = '';
    for await (const text of podLog(client, pod, container, { follow, tail: flags.tail }, signal)) {
      if (flags.raw === true) {
        process.stdout.write(text);
        continue;
      }
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) process.stdout.write(`${readable(line)}\n`);
    }
    if (rest !== '') process.stdout.write(`${readable(rest)}\n`);
  }
}
