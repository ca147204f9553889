import { writeFileSync } from 'node:fs';
import { messageOf } from '../src/errors.ts';
import { parseBench, usageText } from './bench/arguments.ts';
import { type Figure, table } from './bench/figure.ts';
import { loadAverage, machine } from './bench/machine.ts';
import { BENCH, FULL, Rig, type Section, SHORT } from './bench/rig.ts';
import { burst } from './bench/sections/burst.ts';
import { cuts } from './bench/sections/cuts.ts';
import { heartbeats, stress } from './bench/sections/heartbeats.ts';
import { leader } from './bench/sections/leader.ts';
import { careful, rollout } from './bench/sections/rollout.ts';
import { start, startMany } from './bench/sections/start.ts';
import { status } from './bench/sections/status.ts';
import { trickle } from './bench/sections/trickle.ts';
import { progressTo } from './cluster/progress.ts';
import { stopped } from './cluster/stopped.ts';

/** `npm run bench`: docs/benchmarks.md explains the figures. It ends with 1 when a target was missed. */
const SECTIONS: Readonly<Record<string, Section>> = {
  start,
  'start-many': startMany,
  trickle,
  burst,
  rollout,
  careful,
  heartbeats,
  stress,
  cuts,
  leader,
  status,
};

const signal = stopped();
const progress = progressTo((line) => console.error(line));

async function bench(): Promise<number> {
  const { help, short, only, out } = parseBench(process.argv.slice(2), Object.keys(SECTIONS));
  if (help) {
    console.log(usageText(Object.keys(SECTIONS)));
    return 0;
  }
  const figures: Figure[] = [];
  const rig = await Rig.open(BENCH, short ? SHORT : FULL, progress, signal);
  try {
    for (const name of only) figures.push(...(await measure(rig, name)));
  } finally {
    await rig.close();
    const text = `${machine()}\n\n${table(figures)}\n`;
    console.log(`\n${text}`);
    if (out !== undefined) writeFileSync(out, text);
  }
  return figures.every(({ met }) => met !== false) ? 0 : 1;
}

async function measure(rig: Rig, name: string): Promise<readonly Figure[]> {
  const section = SECTIONS[name];
  if (section === undefined) return [];
  progress.say(`${name} (load ${loadAverage()})`);
  const figures = await progress.step(name, () => section(rig));
  for (const { name: figure, target, value, met } of figures) {
    progress.say(`      ${met === false ? 'MISSED ' : ''}${figure}: ${value}${target === '' ? '' : ` (${target})`}`);
  }
  return figures;
}

try {
  process.exitCode = await bench();
} catch (error) {
  console.error(`bench: ${messageOf(error)}`);
  process.exitCode = 1;
}
