import { systemClock } from '../../clock.ts';
import type { NodeView } from '../../operator/decide/view.ts';
import { CliError, EXIT } from '../exit.ts';
import type { Client } from '../kube/client.ts';
import { jobLogTail } from '../kube/job-log.ts';
import { followNodes, type NodeFeed } from '../kube/node-watch.ts';
import { LiveLines } from '../live.ts';
import type { NodeFlags } from '../node.ts';
import { newsLines, painter, type Screen, screenOf } from '../screen.ts';
import type { Wish } from '../status/node-row.ts';
import { type Progress, progressTo } from './goal.ts';
import { SIGNS, waitText } from './wait-text.ts';
import type { Verb } from './wish.ts';

const POLL_MS = 250;

export interface Waiting {
  readonly wish: Wish;
  readonly flags: NodeFlags;
  readonly verb: Verb;
  readonly signal: AbortSignal;
}

/** Until every node is there, or has failed, or the time is over; what each comes to is printed as it comes. */
export async function waitFor(
  client: Client,
  goal: 'ready' | 'gone',
  nodes: readonly NodeView[],
  { wish, flags, verb, signal }: Waiting,
): Promise<void> {
  const followed = new AbortController();
  const over = AbortSignal.any([signal, followed.signal]); // also ends the timer, which would keep the process
  const feed = followNodes(client, () => {}, over);
  const show = showing(screenOf(process.stdout, process.env), goal);
  const endMs = systemClock.monotonicMs() + flags.timeout;
  const names = nodes.map(({ name }) => name);
  try {
    const isHeard = await feed.ready(AbortSignal.any([over, AbortSignal.timeout(flags.timeout)]));
    for (;;) {
      // Before the first list every node would be one that is gone.
      if (!isHeard) throw ended(names, verb, signal.aborted ? 'interrupted' : 'late', feed.trouble());
      const now = standOf(feed, names, goal, wish);
      show(now, feed.trouble());
      const going = [...now].filter(([, { kind }]) => kind === 'going').map(([name]) => name);
      if (going.length === 0) return await finish(client, now, flags, goal);
      if (signal.aborted) throw ended(going, verb, 'interrupted');
      if (systemClock.monotonicMs() > endMs) throw ended(going, verb, 'late', feed.trouble());
      await systemClock.sleep(POLL_MS, signal).catch(() => {});
    }
  } finally {
    followed.abort();
  }
}

function standOf(
  feed: NodeFeed,
  names: readonly string[],
  goal: 'ready' | 'gone',
  wish: Wish,
): ReadonlyMap<string, Progress> {
  return new Map(
    names.map((name): [string, Progress] => {
      const node = feed.get(name);
      return [name, node === undefined ? { kind: 'done', said: 'the node is gone' } : progressTo(goal, node, wish)];
    }),
  );
}

const ENDS = {
  interrupted: { said: 'interrupted', exitCode: EXIT.interrupted },
  late: { said: 'not done within the time (--timeout)', exitCode: EXIT.timeout },
} as const;

function ended(going: readonly string[], verb: Verb, how: keyof typeof ENDS, trouble = ''): CliError {
  const { said, exitCode } = ENDS[how];
  const some = going.slice(0, 3).join(', ') + (going.length > 3 ? ` and ${going.length - 3} more` : '');
  const back = verb === 'disable' ? 'enable' : 'disable';
  const news = trouble === '' ? '' : `, and no news from the API server (${trouble})`;
  return new CliError(
    `${said}${news}; the operator goes on with ${some}. Follow on with \`kwasm status --watch\`; \`kwasm node ${back} ${going[0]}\` takes the wish back`,
    { exitCode },
  );
}

/** The reason, and what the installer said last on each node that failed. */
async function finish(
  client: Client,
  now: ReadonlyMap<string, Progress>,
  flags: NodeFlags,
  goal: 'ready' | 'gone',
): Promise<void> {
  const failed = [...now.values()].flatMap((one) => (one.kind === 'failed' ? [one.row] : []));
  for (const row of failed.slice(0, 5)) {
    process.stderr.write(`\n${row.name}: ${row.reason}: ${row.message}\n`);
    const tail = await jobLogTail(client, flags, row.name).catch(() => []);
    if (tail.length > 0) process.stderr.write(`${tail.map((line) => `  | ${line}`).join('\n')}\n`);
    if (row.todo !== '') process.stderr.write(`  → ${row.todo}\n`);
  }
  if (failed.length === 0) return;
  const { name } = failed[0] ?? { name: '' };
  throw new CliError(
    `${failed.length} of ${now.size} nodes ${goal === 'ready' ? 'are not ready' : 'could not be undone'}. \`kwasm doctor ${name}\` looks closer`,
    { exitCode: EXIT.unfit },
  );
}

type Show = (now: ReadonlyMap<string, Progress>, trouble: string) => void;

/** On a terminal a bar and the nodes that matter; elsewhere a line per change. */
function showing(screen: Screen, goal: 'ready' | 'gone'): Show {
  if (!screen.live) return asLines(screen);
  const paint = painter(screen.colour);
  const lines = new LiveLines(screen);
  return (now, trouble) =>
    lines.draw(waitText(now, { goal, trouble, paint, rows: screen.rows - 1, nowMs: systemClock.nowMs() }));
}

function asLines(screen: Screen): Show {
  const before = new Map<string, string>();
  const news = newsLines(screen);
  return (now, trouble) => {
    news(trouble);
    for (const [name, one] of now) {
      const line = `${SIGNS[one.kind]} ${name} ${saidOf(one)}`;
      if (before.get(name) !== line) screen.write(`${line}\n`);
      before.set(name, line);
    }
  };
}

function saidOf(one: Progress): string {
  return one.kind === 'failed' ? `${one.row.reason}: ${one.row.message}` : one.said;
}
