import { LiveLines } from '../live.ts';
import { bar, painter, screenOf } from '../screen.ts';

/** What a command has written on nodes: a line each, as kubectl has it; of many on a terminal, a bar and then the sums. */
export interface Telling {
  node(name: string, said: string): void;
  end(): void;
}

const MANY = 50;
const BAR_WIDTH = 30;
const DRAW_MS = 100;

export function telling(verb: string, count: number): Telling {
  const screen = screenOf(process.stdout, process.env);
  if (!screen.live || count <= MANY) {
    return { node: (name, said) => screen.write(`node/${name} ${said}\n`), end: () => {} };
  }
  const paint = painter(screen.colour);
  const lines = new LiveLines(screen);
  const sums = new Map<string, number>();
  let [done, drawnMs] = [0, Number.NEGATIVE_INFINITY];
  return {
    node: (_, said) => {
      done += 1;
      sums.set(said, (sums.get(said) ?? 0) + 1);
      if (performance.now() - drawnMs < DRAW_MS) return;
      drawnMs = performance.now();
      const parts = [
        { tone: 'good', count: done },
        { tone: 'dim', count: count - done },
      ] as const;
      lines.draw([`${bar(parts, BAR_WIDTH, paint)}  ${verb}: ${done}/${count} nodes`]);
    },
    end: () => {
      lines.clear();
      for (const [said, sum] of sums) screen.write(`${sum} nodes ${said}\n`);
    },
  };
}
