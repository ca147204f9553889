import { systemClock } from '../../clock.ts';
import { RETRY } from '../../contract.ts';
import { messageOf } from '../../errors.ts';
import type { NodeView } from '../../operator/decide/view.ts';
import { CliError, EXIT } from '../exit.ts';
import type { Client } from '../kube/client.ts';
import { followNodes, type NodeFeed } from '../kube/node-watch.ts';
import type { NodeFlags } from '../node.ts';
import type { Wish } from '../status/node-row.ts';
import { nodeRow } from '../status/node-row.ts';
import { hasFailed } from './goal.ts';
import { isDry, patchNode } from './run.ts';
import { waitFor } from './wait.ts';
import { isForgotten, patchFor, restored } from './wish.ts';

const POLL_MS = 250;

/** A node that is wanted begins anew; one that could not be undone is undone. */
export async function retryNodes(
  client: Client,
  nodes: readonly NodeView[],
  wish: Wish,
  flags: NodeFlags,
  signal: AbortSignal,
): Promise<void> {
  const stuck = nodes.filter((node) => isStuck(node, wish));
  const others = nodes.filter((node) => !stuck.includes(node));
  if (others.length > 0) await beginAnew(client, others, wish, flags, signal);
  await undoAgain(client, stuck, wish, flags, signal);
}

/** Nothing is wanted of it that could be taken back and wished for again, so the operator is asked. */
async function undoAgain(
  client: Client,
  nodes: readonly NodeView[],
  wish: Wish,
  flags: NodeFlags,
  signal: AbortSignal,
): Promise<void> {
  for (const { name } of nodes) {
    if (!isDry(flags)) await patchNode(client, 'retry', name, { metadata: { annotations: { [RETRY]: 'true' } } });
    process.stdout.write(`node/${name} is undone again${isDry(flags) ? ' (dry run)' : ''}\n`);
  }
  if (flags.wait === true && !isDry(flags) && nodes.length > 0)
    await waitFor(client, 'gone', nodes, { wish, flags, verb: 'retry', signal });
}

/**
 * The trigger goes, the operator undoes and forgets what was there, the trigger comes back. However this ends, a node that
 * was asked for is asked for afterwards.
 */
async function beginAnew(
  client: Client,
  nodes: readonly NodeView[],
  wish: Wish,
  flags: NodeFlags,
  signal: AbortSignal,
): Promise<void> {
  const chosen = nodes.filter((node) => isDue(node, wish));
  for (const node of nodes)
    if (!chosen.includes(node)) process.stdout.write(`node/${node.name} ${whyNot(node, wish)}\n`);
  if (isDry(flags)) {
    for (const { name } of chosen) process.stdout.write(`node/${name} tried again (dry run)\n`);
    return;
  }
  const followed = new AbortController();
  const feed = followNodes(client, () => {}, AbortSignal.any([signal, followed.signal]));
  const taken: NodeView[] = [];
  try {
    const within = AbortSignal.any([signal, AbortSignal.timeout(flags.timeout)]);
    if (!(await feed.ready(within))) throw unheard(feed, signal);
    for (const node of chosen) {
      const patch = patchFor('disable', node, wish);
      if (patch === undefined) continue;
      await patchNode(client, 'retry', node.name, patch);
      taken.push(node);
      process.stdout.write(`node/${node.name} ${nodeRow(node, wish).reason} is being undone and forgotten\n`);
    }
    await untilForgotten(feed, taken, flags.timeout, signal);
  } finally {
    followed.abort();
    await giveBack(taken, (node) => patchNode(client, 'retry', node.name, restored(node)));
  }
  for (const { name } of taken) process.stdout.write(`node/${name} tried again\n`);
  if (flags.wait === true && taken.length > 0)
    await waitFor(client, 'ready', taken, { wish, flags, verb: 'retry', signal });
}

/** Each node is tried, whatever became of the one before it; the first that failed is told. */
export async function giveBack(nodes: readonly NodeView[], back: (node: NodeView) => Promise<void>): Promise<void> {
  const failed: { readonly name: string; readonly error: unknown }[] = [];
  for (const node of nodes) await back(node).catch((error: unknown) => failed.push({ name: node.name, error }));
  const [first] = failed;
  if (first === undefined) return;
  const names = failed.map(({ name }) => name).join(' ');
  const exitCode = first.error instanceof CliError ? first.error.exitCode : EXIT.failed;
  throw new CliError(`${messageOf(first.error)}. Not asked for now: \`kwasm node enable ${names}\` asks again`, {
    exitCode,
    cause: first.error,
  });
}

function unheard(feed: NodeFeed, { aborted }: AbortSignal): CliError {
  const said = aborted ? 'interrupted' : `the nodes were not heard of within the time (--timeout): ${feed.trouble()}`;
  return new CliError(`${said}; nothing was begun`, { exitCode: aborted ? EXIT.interrupted : EXIT.timeout });
}

async function untilForgotten(
  feed: NodeFeed,
  nodes: readonly NodeView[],
  timeoutMs: number,
  signal: AbortSignal,
): Promise<void> {
  const endMs = systemClock.monotonicMs() + timeoutMs;
  for (;;) {
    // A node that is gone has nothing left to forget.
    const left = nodes.filter(({ name }) => {
      const now = feed.get(name);
      return now !== undefined && !isForgotten(now);
    });
    if (left.length === 0) return;
    const names = left
      .map(({ name }) => `${name} (${feed.get(name)?.condition?.reason ?? 'no reason yet'})`)
      .join(', ');
    if (signal.aborted) {
      throw new CliError(
        `interrupted; the nodes are asked for as before. Not yet forgotten: ${names}. \`kwasm status --watch\` follows`,
        {
          exitCode: EXIT.interrupted,
        },
      );
    }
    if (systemClock.monotonicMs() > endMs) {
      throw new CliError(`not undone within the time (--timeout); the nodes are asked for as before. Left: ${names}`, {
        exitCode: EXIT.timeout,
      });
    }
    await systemClock.sleep(POLL_MS, signal).catch(() => {});
  }
}

function isDue(node: NodeView, wish: Wish): boolean {
  const { standing, wanted } = nodeRow(node, wish);
  return wanted && (standing === 'failed' || standing === 'retrying');
}

export function isStuck(node: NodeView, wish: Wish): boolean {
  return !nodeRow(node, wish).wanted && hasFailed(node);
}

function whyNot(node: NodeView, wish: Wish): string {
  const { standing, wanted, reason } = nodeRow(node, wish);
  if (!wanted) return 'is not asked for: `kwasm node enable`';
  return standing === 'ready' ? 'is ready' : `has not failed (${reason || standing})`;
}
