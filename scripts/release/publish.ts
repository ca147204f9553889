import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Terminal } from '../../src/errors.ts';
import { licenceFile } from '../bill/inventory.ts';
import { command } from '../cluster/command.ts';
import { cacheDir } from '../cluster/paths.ts';
import { Blobs } from '../images/blobs.ts';
import { REPOSITORIES } from '../images/registry.ts';
import { releaseChart } from './chart.ts';
import { checkOnly, writeChecksums } from './checksums.ts';
import { NAMES, partTag } from './images.ts';
import { joinPlatforms } from './join.ts';
import type { Release } from './release.ts';
import { type Published, signings } from './signatures.ts';

const COSIGN_MS_MAX = 5 * 60_000;

/** Everything of a release after the last machine has pushed its images. Returns the references that users install. */
export async function publish(release: Release): Promise<readonly string[]> {
  const { dist, progress } = release;
  mkdirSync(dist, { recursive: true });
  checkOnly(dist, release.version);
  const images = await progress.step('join the architectures', () => joinedImages(release));
  const chart = await progress.step('the chart', () => releaseChart(release));
  const published: readonly Published[] = [...images, { reference: chart, bills: [] }];
  copyFileSync(licenceFile(release.root), join(dist, 'THIRD-PARTY-LICENSES'));
  const references = published.map(({ reference }) => reference);
  writeFileSync(join(dist, 'images.txt'), `${references.join('\n')}\n`);
  const checksums = writeChecksums(dist);
  await command('sha256sum', ['--check', '--quiet', checksums], { cwd: dist });
  await sign(release, signings(published, dist));
  return references;
}

/** The bills in dist say which architectures were built. */
async function joinedImages({ registry, version, plainHttp, dist, signal }: Release): Promise<readonly Published[]> {
  const cache = join(cacheDir(), 'images');
  const blobs = new Blobs(cache);
  mkdirSync(join(cache, 'tmp'), { recursive: true });
  const tmp = mkdtempSync(join(cache, 'tmp', 'release-'));
  try {
    const published: Published[] = [];
    for (const name of NAMES) {
      const bills = billsOf(REPOSITORIES[name], version, readdirSync(dist));
      const repository = `${registry}/${REPOSITORIES[name]}`;
      const parts = bills.map(({ architecture }) => partTag(version, architecture));
      const image = await joinPlatforms(blobs, { repository, parts, tag: version, plainHttp, tmp, signal });
      published.push({ reference: `${repository}@${image.digest}`, bills: bills.map(({ file }) => file) });
    }
    return published;
  } finally {
    rmSync(tmp, { recursive: true, force: true });
  }
}

export function billsOf(
  repository: string,
  version: string,
  files: readonly string[],
): readonly { readonly file: string; readonly architecture: string }[] {
  const found = (['amd64', 'arm64'] as const).flatMap((architecture) => {
    const file = `${repository}-${version}-${architecture}.cdx.json`;
    return files.includes(file) ? [{ file, architecture }] : [];
  });
  if (found.length > 0) return found;
  throw new Terminal(
    `there is no bill of ${repository} ${version}: run the stage \`images\` first, with the same --dist`,
  );
}

async function sign({ dryRun, progress, signal }: Release, all: readonly (readonly string[])[]): Promise<void> {
  for (const args of all) {
    if (dryRun) progress.say(`  not run: cosign ${args.join(' ')}`);
    else await command('cosign', args, { timeoutMs: COSIGN_MS_MAX, signal });
  }
}
