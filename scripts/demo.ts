import { systemClock } from '../src/clock.ts';
import { messageOf, Terminal } from '../src/errors.ts';
import { parseCommand } from './cluster/arguments.ts';
import { bringUp } from './cluster/lifecycle.ts';
import { progressTo } from './cluster/progress.ts';
import { stopped } from './cluster/stopped.ts';
import { report } from './demo/report.ts';
import { tell } from './demo/story.ts';
import { buildImages } from './images/build.ts';

/**
 * `npm run demo [-- --name NAME --nodes 2.3,1.7 --provider local|kind]`: from a bare clone to the answer of a WebAssembly
 * component. Every part is kept, so the next run, or one after Ctrl-C, only does what is missing.
 */
async function demo(argv: readonly string[], signal: AbortSignal): Promise<void> {
  const wanted = parseCommand(['up', ...argv], process.env);
  if (wanted.kind !== 'up') throw new Terminal('npm run demo takes the options of npm run cluster -- up');
  const progress = progressTo((line) => console.error(line));
  progress.say('1. A Kubernetes cluster');
  const cluster = await bringUp(wanted.spec, wanted.provider, { progress, signal });
  progress.say('2. Images');
  const images = await buildImages({ registry: cluster.registry, plainHttp: true, progress, signal });
  progress.say('3. Operator, nodes and a Wasm Deployment');
  const told = await tell(cluster, images, { progress, clock: systemClock, signal });
  for (const line of report(cluster, told)) console.log(line);
}

const signal = stopped('stopped; npm run demo goes on from here, npm run cluster -- down takes everything away');

demo(process.argv.slice(2), signal).catch((error: unknown) => {
  console.error(`demo: ${messageOf(signal.aborted ? signal.reason : error)}`);
  process.exitCode = 1;
});
