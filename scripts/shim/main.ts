import { messageOf, Terminal } from '../../src/errors.ts';
import { progressTo } from '../cluster/progress.ts';
import { buildShim } from './build.ts';

/** `node scripts/bootstrap.mjs scripts/shim/main.ts`: builds the shim alone and prints what and where it is. */
async function main(): Promise<void> {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => stop.abort(new Terminal('stopped; the next run goes on from here')));
  }
  const shim = await buildShim({ progress: progressTo((line) => console.error(line)), signal: stop.signal });
  console.log(JSON.stringify(shim, undefined, 2));
}

main().catch((error: unknown) => {
  console.error(`shim: ${messageOf(error)}`);
  process.exitCode = 1;
});
