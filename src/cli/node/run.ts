import type { NodeView } from '../../operator/decide/view.ts';
import { CliError, EXIT } from '../exit.ts';
import { onInterrupt } from '../interrupt.ts';
import { type Client, withClient } from '../kube/client.ts';
import type { NodeFlags } from '../node.ts';
import { findOperator, type Operator, type OperatorFound } from '../operator.ts';
import { wishOf } from '../status/view.ts';
import { pauseAll, resumeAll } from './pause.ts';
import { retryNodes } from './retry.ts';
import { selectionOf, selectNodes } from './select.ts';
import { telling } from './tell.ts';
import { waitFor } from './wait.ts';
import { type NodePatch, patchFor, type Verb } from './wish.ts';

const DONE = { enable: 'enabled', disable: 'disabled', pause: 'paused', resume: 'resumed' } as const;
const ALREADY = {
  enable: 'asked for already',
  disable: 'not asked for',
  pause: 'paused already',
  resume: 'not paused',
} as const;
/** One request each; the API server's own limits decide how fast. */
const AT_ONCE = 8;

export async function runVerb(verb: Verb, names: readonly string[], flags: NodeFlags): Promise<void> {
  const selection = selectionOf(names, flags);
  using interrupt = onInterrupt();
  await withClient(flags, async (connected) => {
    const client = flags.dryRun === 'server' ? connected.dryRun() : connected;
    const [found, nodes] = await Promise.all([findOperator(client, flags), selectNodes(client, selection)]);
    warnWithout(found);
    if (selection.kind === 'all' && verb === 'pause') return await pauseAll(client, operatorOf(found, verb), flags);
    if (verb === 'retry') return await retryNodes(client, nodes, wishOf(found), flags, interrupt.signal);
    if (selection.kind === 'all' && verb === 'resume' && found.kind === 'present') {
      await resumeAll(client, found.operator, flags);
    }
    await patchAll(client, verb, nodes, found, flags, interrupt.signal);
    if (flags.wait === true && !isDry(flags) && (verb === 'enable' || verb === 'disable')) {
      await waitFor(client, verb === 'enable' ? 'ready' : 'gone', nodes, {
        wish: wishOf(found),
        flags,
        verb,
        signal: interrupt.signal,
      });
    }
  });
}

export function isDry({ dryRun }: Pick<NodeFlags, 'dryRun'>): boolean {
  return dryRun === 'client' || dryRun === 'server';
}

async function patchAll(
  client: Client,
  verb: 'enable' | 'disable' | 'pause' | 'resume',
  nodes: readonly NodeView[],
  found: OperatorFound,
  flags: NodeFlags,
  signal: AbortSignal,
): Promise<void> {
  const shims = flags.shims
    ?.split(',')
    .map((name) => name.trim())
    .filter(Boolean);
  const suffix = isDry(flags) ? ` (dry run)` : '';
  const tell = telling(verb, nodes.length);
  let told = 0;
  await inParallel(nodes, AT_ONCE, async (node) => {
    if (signal.aborted) return;
    const patch = patchFor(verb, node, wishOf(found), shims);
    if (patch !== undefined && flags.dryRun !== 'client') await patchNode(client, verb, node.name, patch);
    told += 1;
    tell.node(node.name, patch === undefined ? ALREADY[verb] : `${DONE[verb]}${suffix}`);
  });
  tell.end();
  if (signal.aborted && told < nodes.length) throw stopped(verb, told, nodes.length);
}

/** Who has been told stays told: the operator goes on with them. */
function stopped(verb: Verb, told: number, count: number): CliError {
  const rest = `the same command again is for the other ${count - told}`;
  return new CliError(
    `interrupted after ${told} of ${count} nodes: ${verb} is written on them and stays; ${rest}. \`kwasm status --watch\` follows`,
    { exitCode: EXIT.interrupted },
  );
}

export async function patchNode(client: Client, verb: Verb, name: string, patch: NodePatch): Promise<void> {
  await client.patch(`${verb} node ${name}`, `/api/v1/nodes/${name}`, patch);
}

/** The wish is written on the node all the same: whoever installs the operator afterwards finds it there. */
function warnWithout(found: OperatorFound): void {
  if (found.kind === 'absent') {
    process.stderr.write(
      `kwasm: no operator in namespace ${found.namespace}, so nothing will happen until \`kwasm install\`\n`,
    );
  }
}

function operatorOf(found: OperatorFound, verb: Verb): Operator {
  if (found.kind === 'present') return found.operator;
  throw new CliError(`cannot ${verb} everything: there is no operator to tell`, { exitCode: EXIT.notFound });
}

export async function inParallel<T>(
  items: readonly T[],
  atOnce: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const left = items.values();
  const worker = async () => {
    for (const item of left) await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker));
}
