import { join, resolve } from 'node:path';
import { messageOf, Terminal } from '../../src/errors.ts';
import { command, succeeds } from '../cluster/command.ts';
import { progressTo } from '../cluster/progress.ts';
import { stopped } from '../cluster/stopped.ts';
import { isLocalRegistry } from '../images/registry.ts';
import { parseReleaseArguments, USAGE } from './arguments.ts';
import { releaseImages } from './images.ts';
import { publish } from './publish.ts';
import type { Release } from './release.ts';
import { agreedVersion, unready, versionPlaces } from './version.ts';

const root = join(import.meta.dirname, '../..');

async function main(argv: readonly string[]): Promise<void> {
  const args = parseReleaseArguments(argv);
  if (args === 'help') {
    console.log(USAGE);
    return;
  }
  const signal = stopped('stopped; what was pushed stays, and the next run goes on');
  const { registry, dryRun, stages } = args;
  const places = versionPlaces(root);
  const version = agreedVersion(places);
  const progress = progressTo((line) => console.error(line));
  await checkReady(version, places.changelog, dryRun, progress.say);
  const plainHttp = isLocalRegistry(registry);
  const dist = resolve(root, args.dist);
  const release: Release = { root, registry, plainHttp, version, dryRun, dist, progress, signal };
  if (stages.includes('images')) await releaseImages(release);
  if (stages.includes('publish')) for (const reference of await publish(release)) console.log(reference);
}

/** A dry run says what it would wait for and goes on. */
async function checkReady(
  version: string,
  changelog: string,
  dryRun: boolean,
  say: (line: string) => void,
): Promise<void> {
  const git = (args: readonly string[]) => command('git', ['-C', root, ...args]);
  const tags = (await git(['tag', '--points-at', 'HEAD'])).split('\n');
  const dirty = (await git(['status', '--porcelain'])) !== '';
  const found = [...unready(version, { changelog, tags, dirty })];
  if (!(await succeeds('cosign', ['version']))) found.push('cosign is not installed, and signs what is published');
  if (found.length === 0) return;
  if (!dryRun) throw new Terminal(`${version} cannot be released yet:\n${found.join('\n')}`);
  for (const line of found) say(`  a release would wait: ${line}`);
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(`release: ${messageOf(error)}`);
  process.exitCode = 1;
});
