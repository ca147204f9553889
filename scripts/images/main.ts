import { messageOf } from '../../src/errors.ts';
import { progressTo } from '../cluster/progress.ts';
import { stopped } from '../cluster/stopped.ts';
import { parseImagesArguments, USAGE } from './arguments.ts';
import { buildImages } from './build.ts';
import { buildTwice } from './twice.ts';

async function main(argv: readonly string[]): Promise<void> {
  const args = parseImagesArguments(argv);
  if (args === 'help') {
    console.log(USAGE);
    return;
  }
  const signal = stopped('stopped; the next run goes on from here');
  const progress = progressTo((line) => console.error(line));
  if (args === 'twice') {
    const digests = await buildTwice({ progress, signal });
    for (const [name, digest] of Object.entries(digests)) console.log(`${name}@${digest}`);
    console.error('two builds from nothing are the same, byte for byte');
    return;
  }
  const images = await buildImages({ ...args, progress, signal });
  const { operator, installer, demo, canary, runner } = images;
  for (const reference of [operator, installer, demo, canary, runner]) console.log(reference);
  console.error(`In the chart's values: --set imageRegistry=${images.registry} --set image.tag=${images.tag}`);
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(`images: ${messageOf(error)}`);
  process.exitCode = 1;
});
