import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { Terminal } from '../../src/errors.ts';
import { command } from '../cluster/command.ts';
import type { Blobs, Descriptor } from '../images/blobs.ts';
import { type PlatformManifest, putIndex } from '../images/oci.ts';
import { push } from '../images/push.ts';

const PULL_MS_MAX = 15 * 60_000;

const descriptorSchema = z.object({ mediaType: z.string(), digest: z.string(), size: z.number() });
const layoutSchema = z.object({ manifests: z.array(z.object({ digest: z.string() })).length(1) });
const platformSchema = z.object({ architecture: z.string(), os: z.string() });
const indexSchema = z.object({ manifests: z.array(descriptorSchema.extend({ platform: platformSchema })) });

export interface JoinOptions {
  readonly repository: string; // registry/kwasm-operator
  readonly parts: readonly string[]; // tags, one for each architecture that was built
  readonly tag: string;
  readonly plainHttp: boolean;
  readonly tmp: string;
  readonly signal?: AbortSignal | undefined;
}

/** Makes one index of the images that machines of different architecture pushed, and pushes it as `tag`. */
export async function joinPlatforms(blobs: Blobs, options: JoinOptions): Promise<Descriptor> {
  const indexes: (readonly PlatformManifest[])[] = [];
  for (const part of options.parts) indexes.push(await pulledIndex(blobs, part, options));
  const image = putIndex(blobs, joined(indexes));
  const { repository, tag, plainHttp, tmp, signal } = options;
  await push(blobs, image, { reference: `${repository}:${tag}`, plainHttp, tmp, signal });
  return image;
}

/** Each platform once, of the first that has it: a Wasm image is built for all of them by every machine. */
export function joined(indexes: readonly (readonly PlatformManifest[])[]): readonly PlatformManifest[] {
  const byPlatform = new Map<string, PlatformManifest>();
  for (const manifest of indexes.flat()) {
    const key = `${manifest.platform.os}/${manifest.platform.architecture}`;
    if (!byPlatform.has(key)) byPlatform.set(key, manifest);
  }
  if (byPlatform.size === 0) throw new Terminal('there is no image to publish: run the stage `images` first');
  return [...byPlatform.entries()].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, manifest]) => manifest);
}

/** The manifests of `repository:part`; their blobs are in `blobs` afterwards. */
async function pulledIndex(blobs: Blobs, part: string, options: JoinOptions): Promise<readonly PlatformManifest[]> {
  const layout = mkdtempSync(join(options.tmp, 'pulled-'));
  try {
    const flags = ['--all', '--preserve-digests', `--dest-shared-blob-dir=${blobs.dir}`];
    if (options.plainHttp) flags.push('--src-tls-verify=false');
    const args = ['copy', '--quiet', ...flags, `docker://${options.repository}:${part}`, `oci:${layout}`];
    await command('skopeo', args, { timeoutMs: PULL_MS_MAX, signal: options.signal });
    const [top] = layoutSchema.parse(JSON.parse(readFileSync(join(layout, 'index.json'), 'utf8'))).manifests;
    return indexSchema.parse(JSON.parse(readFileSync(blobs.pathOf(top?.digest ?? ''), 'utf8'))).manifests;
  } finally {
    rmSync(layout, { recursive: true, force: true });
  }
}
