import { CliError, EXIT } from '../exit.ts';
import { withClient } from '../kube/client.ts';
import { painter, type Screen, screenOf } from '../screen.ts';
import type { StatusFlags } from '../status.ts';
import { statusObject } from './machine.ts';
import { readStatus } from './read.ts';
import { statusText } from './text.ts';
import { type StatusView, statusView, verdictOf } from './view.ts';

const CODES = { ready: EXIT.ok, unready: EXIT.unready, unfit: EXIT.unfit } as const;
/** A screenful; more nodes are shown in numbers. */
const NODES_MAX = 40;

export async function showStatus(flags: StatusFlags): Promise<void> {
  if (flags.watch === true) {
    if (flags.output === 'json' || flags.output === 'yaml') {
      const text = `--watch draws for people, and -o ${flags.output} is for programs: leave out one of the two`;
      throw new CliError(text, { exitCode: EXIT.usage });
    }
    const { watchStatus } = await import('./watch.ts');
    process.exitCode = CODES[await watchStatus(flags)];
    return;
  }
  const view = statusView(await withClient(flags, (client) => readStatus(client, flags, flags.allPods === true)));
  await print(view, flags, screenOf(process.stdout, process.env));
  process.exitCode = CODES[verdictOf(view)];
}

async function print(view: StatusView, { output }: StatusFlags, screen: Screen): Promise<void> {
  switch (output) {
    case 'json':
      return screen.write(`${JSON.stringify(statusObject(view), null, 2)}\n`);
    case 'yaml': {
      const { dump } = await import('js-yaml');
      return screen.write(dump(JSON.parse(JSON.stringify(statusObject(view))), { lineWidth: -1 }));
    }
    default:
      screen.write(`${statusLines(view, screen, output === 'wide').join('\n')}\n`);
  }
}

/** `rows`: of a screen that is drawn on again and again. */
export function statusLines(view: StatusView, screen: Screen, wide: boolean, rows?: number): readonly string[] {
  return statusText(view, {
    ...(rows === undefined ? {} : { rows }),
    paint: painter(screen.colour),
    width: screen.columns,
    wide,
    nowMs: Date.now(),
    nodesMax: NODES_MAX,
  });
}
