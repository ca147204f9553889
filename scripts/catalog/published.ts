import { type Dispatcher, request } from 'undici';
import * as z from 'zod';
import { assetUrl, tagOf, type Upstream } from '../../src/shims/upstream.ts';

/** What a release publishes about its own files. */
export interface Published {
  readonly sha256: string;
  /** For the pin: where it is from. */
  readonly seen: string;
}

export interface Pages {
  /** `https://github.com`, or a server laid out like it. */
  readonly base: string;
  /** `https://api.github.com`. */
  readonly api: string;
  readonly dispatcher?: Dispatcher;
}

/** Files that hold sums, by the names that releases give them. */
const SUM_FILES = ['SHA256SUMS', 'sha256sums.txt', 'checksums.txt', 'checksums_sha256.txt'];
const BYTES_MAX = 1024 * 1024;
const TIMEOUT_MS = 30_000;
const REDIRECTS_MAX = 5;

const releaseSchema = z.object({
  tag_name: z.string(),
  draft: z.boolean().optional(),
  prerelease: z.boolean().optional(),
  assets: z.array(z.object({ name: z.string(), digest: z.string().nullish() })),
});
type Release = z.infer<typeof releaseSchema>;

/**
 * A digest of each asset, from every place where the release says one. Two places that disagree are an error: one of them
 * was changed. Nothing is downloaded and hashed here: a sum of what came down a wire proves nothing about the release.
 */
export async function publishedDigests(
  upstream: Upstream,
  version: string,
  pages: Pages,
): Promise<ReadonlyMap<string, Published>> {
  const assets = Object.values(upstream.assets);
  const tag = tagOf(upstream, version);
  const release = await releaseOf(upstream, tag, pages);
  const found = new Map<string, Published[]>();
  const add = (asset: string, one: Published) => found.set(asset, [...(found.get(asset) ?? []), one]);
  for (const { name, digest } of release?.assets ?? []) {
    const sha256 = /^sha256:([0-9a-f]{64})$/.exec(digest ?? '')?.[1];
    if (assets.includes(name) && sha256 !== undefined) add(name, { sha256, seen: `asset digest of release ${tag}` });
  }
  const files = [...SUM_FILES, ...assets.flatMap((asset) => [`${asset}.sha256`, `${asset}.sha256sum`])];
  const there =
    release === undefined ? files : files.filter((file) => release.assets.some(({ name }) => name === file));
  for (const file of there) {
    const text = await get(assetUrl(upstream, version, file, pages.base), pages);
    for (const [asset, sha256] of sums(text ?? '', file)) {
      if (assets.includes(asset)) add(asset, { sha256, seen: `${file} of release ${tag}` });
    }
  }
  return new Map([...found].map(([asset, all]) => [asset, agreed(asset, all)]));
}

function agreed(asset: string, all: readonly Published[]): Published {
  const digests = [...new Set(all.map(({ sha256 }) => sha256))];
  const [first] = digests;
  if (first === undefined || digests.length > 1)
    throw new Error(
      `${asset}: the release contradicts itself: ${all.map(({ sha256, seen }) => `${sha256} (${seen})`).join(', ')}`,
    );
  return { sha256: first, seen: [...new Set(all.map(({ seen }) => seen))].join('; ') };
}

/** Lines of sha256sum(1); in a file of one asset the name may be missing. */
export function sums(text: string, file: string): readonly (readonly [string, string])[] {
  return text.split('\n').flatMap((line) => {
    const [, sha256, name] = /^([0-9a-f]{64})(?:\s+\*?(?:\.\/)?(\S+))?\s*$/i.exec(line) ?? [];
    if (sha256 === undefined) return [];
    return [[name ?? file.replace(/\.sha256(sum)?$/, ''), sha256.toLowerCase()] as const];
  });
}

/** The newest by number, not by date: old lines get releases, too. */
export async function newestVersion(upstream: Upstream, pages: Pages): Promise<string> {
  const text = await get(`${pages.api}/repos/${upstream.repository}/releases?per_page=100`, pages);
  if (text === undefined)
    throw new Error(`${pages.api} lists no releases of ${upstream.repository}; name one: --version`);
  const releases = z.array(releaseSchema).parse(JSON.parse(text));
  const [before = '', after = ''] = upstream.tag.split('{version}');
  const versions = releases
    .filter(({ draft, prerelease, tag_name: tag }) => draft !== true && prerelease !== true && tag.startsWith(before))
    .map(({ tag_name: tag }) => tag.slice(before.length, tag.length - after.length))
    .filter((version) => /^\d+\.\d+\.\d+$/.test(version));
  const newest = versions.sort(byNumber).at(-1);
  if (newest === undefined) throw new Error(`no release of ${upstream.repository} has a tag like ${upstream.tag}`);
  return newest;
}

function byNumber(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => version.split('.').map(Number));
  const at = [0, 1, 2].find((index) => left?.[index] !== right?.[index]) ?? 0;
  return (left?.[at] ?? 0) - (right?.[at] ?? 0);
}

async function releaseOf(upstream: Upstream, tag: string, pages: Pages): Promise<Release | undefined> {
  const text = await get(`${pages.api}/repos/${upstream.repository}/releases/tags/${encodeURIComponent(tag)}`, pages);
  return text === undefined ? undefined : releaseSchema.parse(JSON.parse(text));
}

/** undefined: it is not there. */
async function get(from: string, { dispatcher }: Pages): Promise<string | undefined> {
  let url = new URL(from);
  for (let hop = 0; hop <= REDIRECTS_MAX; hop += 1) {
    const response = await request(url, {
      headers: { 'user-agent': 'kwasm-catalog', accept: 'application/json, text/plain, */*' },
      signal: AbortSignal.timeout(TIMEOUT_MS),
      ...(dispatcher === undefined ? {} : { dispatcher }),
    });
    const { statusCode, headers, body } = response;
    const location = headers['location'];
    if (statusCode >= 300 && statusCode < 400 && typeof location === 'string') {
      await body.dump();
      url = new URL(location, url.href);
      if (url.protocol !== 'https:') throw new Error(`${from} leads away from https`);
      continue;
    }
    if (statusCode === 404) {
      await body.dump();
      return undefined;
    }
    if (statusCode !== 200) throw new Error(`${from} answers HTTP ${statusCode}`);
    let text = '';
    for await (const piece of body.setEncoding('utf8')) {
      text += String(piece);
      if (text.length > BYTES_MAX) throw new Error(`${from} is larger than ${BYTES_MAX} bytes`);
    }
    return text;
  }
  throw new Error(`${from}: too many redirections`);
}
