import { parseArgs } from 'node:util';
import { messageOf, Terminal } from '../src/errors.ts';
import { table } from './bench/figure.ts';
import { loadAverage, machine } from './bench/machine.ts';
import { FULL, Rig, SOAK } from './bench/rig.ts';
import { soak } from './bench/sections/soak.ts';
import { progressTo } from './cluster/progress.ts';
import { stopped } from './cluster/stopped.ts';

const USAGE = `npm run soak -- [--minutes 60] [--nodes ${FULL.nodes}]

Each minute every connection of the operator is cut and one node in a hundred is replaced: nothing may grow.`;

const signal = stopped();
const progress = progressTo((line) => console.error(line));

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '60' },
      nodes: { type: 'string', default: String(FULL.nodes) },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const [minutes, nodes] = [Number(values.minutes), Number(values.nodes)];
  if (!Number.isInteger(minutes) || minutes < 4) throw new Terminal('--minutes: a whole number from 4');
  if (!Number.isInteger(nodes) || nodes < 100) throw new Terminal('--nodes: a whole number from 100');
  const rig = await Rig.open(SOAK, { ...FULL, nodes }, progress, signal);
  try {
    const figures = await soak(rig, minutes);
    console.log(`\n${machine()}; load ${loadAverage()}\n\n${table(figures)}`);
    return figures.every(({ met }) => met !== false) ? 0 : 1;
  } finally {
    await rig.close();
  }
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(`soak: ${messageOf(error)}\n\n${USAGE}`);
  process.exitCode = 1;
}
