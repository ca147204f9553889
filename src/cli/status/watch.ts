import { systemClock } from '../../clock.ts';
import type { NodeView } from '../../operator/decide/view.ts';
import { onInterrupt } from '../interrupt.ts';
import { type Client, withClient } from '../kube/client.ts';
import { followNodes } from '../kube/node-watch.ts';
import { LiveLines } from '../live.ts';
import { newsLines, painter, type Screen, screenOf } from '../screen.ts';
import type { StatusFlags } from '../status.ts';
import type { NodeRow } from './node-row.ts';
import { readStatus } from './read.ts';
import { statusLines } from './show.ts';
import { type StatusFacts, type StatusView, statusView, verdictOf } from './view.ts';

/** A screen is drawn at most so often, and at least so often for the ages in it. */
const DRAW_MS = 250;
const REDRAW_MS = 1_000;
/** The operator, the classes and the workloads change rarely and are read anew. */
const REST_MS = 10_000;

/** Until every node is ready, or Ctrl-C; how it stood then. */
export async function watchStatus(flags: StatusFlags): Promise<ReturnType<typeof verdictOf>> {
  using interrupt = onInterrupt();
  const { signal } = interrupt;
  const screen = screenOf(process.stdout, process.env);
  // What follows the nodes has to end, too: the connection is not closed, and the command does not end, before it.
  const followed = new AbortController();
  const over = AbortSignal.any([signal, followed.signal]);
  return await withClient(flags, async (client) => {
    let rest = await readStatus(client, flags, flags.allPods === true);
    let dirty = true;
    const feed = followNodes(
      client,
      () => {
        dirty = true;
      },
      over,
    );
    const shown = screen.live ? onScreen(screen, flags.output === 'wide') : asLines(screen);
    let view = statusView(rest);
    let drawnMs = Number.NEGATIVE_INFINITY;
    let drawnSize = '';
    let readMs = systemClock.monotonicMs();
    try {
      while (!signal.aborted) {
        const nowMs = systemClock.monotonicMs();
        const size = `${screen.columns}x${screen.rows}`;
        if (dirty || size !== drawnSize || nowMs - drawnMs >= REDRAW_MS) {
          drawnSize = size;
          const nodes: readonly NodeView[] = feed.all();
          view = statusView(nodes.length === 0 ? rest : { ...rest, nodes });
          shown(view, feed.trouble());
          dirty = false;
          drawnMs = nowMs;
        }
        if (nowMs - readMs >= REST_MS || isOver(view)) {
          rest = await readAgain(client, flags, rest);
          readMs = nowMs;
          view = statusView(rest);
          if (isOver(view)) break;
        }
        await systemClock.sleep(DRAW_MS, signal).catch(() => {});
      }
    } finally {
      followed.abort();
    }
    shown(view, '');
    return verdictOf(view);
  });
}

function isOver(view: StatusView): boolean {
  return view.nodes.length > 0 && verdictOf(view) === 'ready';
}

/** While the API server is away, what was read before stays on the screen. */
async function readAgain(client: Client, flags: StatusFlags, before: StatusFacts): Promise<StatusFacts> {
  return await readStatus(client, flags, flags.allPods === true).catch(() => before);
}

type Show = (view: StatusView, trouble: string) => void;

function onScreen(screen: Screen, wide: boolean): Show {
  const lines = new LiveLines(screen);
  const paint = painter(screen.colour);
  return (view, trouble) => {
    const note = trouble === '' ? [] : [paint('bad', `no news from the API server: ${trouble}`)];
    // The last row is the cursor's.
    lines.draw([...note, ...statusLines(view, screen, wide, screen.rows - 1 - note.length)]);
  };
}

/** For a log: one line per change of a node, and the count whenever it changes. */
function asLines(screen: Screen): Show {
  const before = new Map<string, string>();
  const news = newsLines(screen);
  let counted = '';
  return (view, trouble) => {
    news(trouble);
    const stamp = new Date(systemClock.nowMs()).toISOString().slice(11, 19);
    for (const row of view.nodes) {
      const line = nodeLine(row);
      if (before.get(row.name) !== line) screen.write(`${stamp} ${line}\n`);
      before.set(row.name, line);
    }
    const count = `${view.counts.ready}/${view.wanted} ready`;
    if (count !== counted) screen.write(`${stamp} ${count}\n`);
    counted = count;
  };
}

export function nodeLine({ name, standing, reason, message }: NodeRow): string {
  return [`${name}: ${standing}`, reason, message].filter(Boolean).join(' · ');
}
