import { messageOf, Terminal } from '../../src/errors.ts';
import { progressTo } from '../cluster/progress.ts';
import { stopped } from '../cluster/stopped.ts';
import { buildShim } from './build.ts';
import { buildWasmiShim } from './wasmi.ts';

const BUILDS: Readonly<Record<string, typeof buildShim>> = { wasmtime: buildShim, wasmi: buildWasmiShim };

/** `npm run shim -- [wasmtime|wasmi]`: builds a shim alone and prints what and where it is. */
async function main(engine = 'wasmtime'): Promise<void> {
  const build = BUILDS[engine];
  if (build === undefined) throw new Terminal(`no shim is called ${engine}: ${Object.keys(BUILDS).join(' or ')}`);
  const signal = stopped('stopped; the next run goes on from here');
  const shim = await build({ progress: progressTo((line) => console.error(line)), signal });
  console.log(JSON.stringify(shim, undefined, 2));
}

main(process.argv[2]).catch((error: unknown) => {
  console.error(`shim: ${messageOf(error)}`);
  process.exitCode = 1;
});
