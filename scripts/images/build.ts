import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Bug, Terminal } from '../../src/errors.ts';
import { withLock } from '../cluster/lock.ts';
import { cacheDir } from '../cluster/paths.ts';
import type { Progress } from '../cluster/progress.ts';
import { buildShim } from '../shim/build.ts';
import { ensurePackages } from '../toolchain/packages.ts';
import { assemble, debianBase } from './assemble.ts';
import { Blobs, type Descriptor } from './blobs.ts';
import { type Builder, chooseBuilder, thisMachine } from './builder.ts';
import { buildxPush } from './buildx.ts';
import { type ImageSource, type ImageSources, layOut, sourceDigest } from './context.ts';
import { parseDockerfile } from './dockerfile.ts';
import type { Architecture } from './oci.ts';
import { push } from './push.ts';
import { checkRegistry, checkTag, type ImageName, isLocalRegistry, REPOSITORIES } from './registry.ts';

export interface BuildOptions {
  /** HOST[:PORT][/PATH], what comes before /kwasm-operator. */
  readonly registry: string;
  /** Derived from the content when absent. */
  readonly tag?: string | undefined;
  /** Chosen by what this machine has when absent. */
  readonly builder?: Builder | undefined;
  /** The registry has no TLS. Assumed of this machine and of private addresses. */
  readonly plainHttp?: boolean | undefined;
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
}

/** References by digest, and the registry and tag under which the chart's values name the same images. */
export interface BuiltImages {
  readonly registry: string;
  readonly tag: string;
  readonly operator: string;
  readonly installer: string;
  readonly demo: string;
}

/** Images that are built as far as the builder goes without a registry. */
interface Prepared {
  /** One per image; any change of an image changes its own. */
  readonly digests: readonly string[];
  /** Pushes it as `reference`; returns the digest that the registry has. */
  push(source: ImageSource, reference: string): Promise<string>;
}

const root = join(import.meta.dirname, '../..');
const UNUSED_MS_MAX = 14 * 24 * 3_600_000;
const node = join(root, 'node_modules/node/bin/node');

export async function buildImages(options: BuildOptions): Promise<BuiltImages> {
  const { progress } = options;
  const registry = checkRegistry(options.registry);
  const { builder, why } = chooseBuilder(await thisMachine(), options.builder);
  progress.say(`images: ${builder} (${why})`);
  const cache = join(cacheDir(), 'images');
  mkdirSync(cache, { recursive: true });
  const shims = [await buildShim({ progress, signal: options.signal })];
  const waiting = () => progress.say('  ... another process builds images; waiting for it');
  return withLock(join(cache, 'lock'), waiting, async () => {
    const sources = await progress.step('bundles and the demo component', () => layOut(root, cache, shims, native()));
    const version = packageVersion(root);
    const prepared = await progress.step('image layers', () =>
      builder === 'buildx'
        ? viaBuildx(sources, version, cache, options)
        : viaAssembly(sources, version, cache, options),
    );
    const tag = checkTag(options.tag ?? contentTag(version, prepared.digests));
    const pushed = async (name: ImageName): Promise<string> => {
      const source = sources[name];
      const repository = `${registry}/${REPOSITORIES[name]}`;
      const digest = await progress.step(`push ${repository}:${tag}`, () =>
        prepared.push(source, `${repository}:${tag}`),
      );
      return `${repository}@${digest}`;
    };
    return {
      registry,
      tag,
      operator: await pushed('operator'),
      installer: await pushed('installer'),
      demo: await pushed('demo'),
    };
  });
}

/**
 * Twelve digits that change with any byte of any image: a tag made of them is never moved, so a node that has it under
 * IfNotPresent has the right one.
 */
export function contentTag(version: string, digests: readonly string[]): string {
  return `${version}-${createHash('sha256').update(digests.join()).digest('hex').slice(0, 12)}`;
}

async function viaAssembly(
  sources: ImageSources,
  version: string,
  cache: string,
  options: BuildOptions,
): Promise<Prepared> {
  const { progress, signal } = options;
  await ensurePackages(['mmdebstrap', 'debian-archive-keyring', 'skopeo'], progress.say, signal);
  const blobs = new Blobs(cache);
  const base = debianBase(blobs, { nodeVersion: packageVersion(join(root, 'node_modules/node')), node }, cache);
  const images = new Map<ImageSource, Descriptor>();
  for (const source of Object.values(sources)) {
    const recipe = parseDockerfile(readFileSync(source.dockerfile, 'utf8'), { VERSION: version });
    images.set(source, await assemble(blobs, recipe, source.context, source.platforms, base));
  }
  blobs.forgetUnused(Date.now() - UNUSED_MS_MAX);
  const plainHttp = options.plainHttp ?? isLocalRegistry(options.registry);
  return {
    digests: [...images.values()].map(({ digest }) => digest),
    push: async (source, reference) => {
      const image = images.get(source);
      if (image === undefined) throw new Bug(`no image was assembled for ${reference}`);
      await push(blobs, image, { reference, plainHttp, tmp: cache, signal });
      return image.digest;
    },
  };
}

/** BuildKit builds and pushes in one go. Whether a registry may be without TLS is a setting of Docker's engine. */
async function viaBuildx(
  sources: ImageSources,
  version: string,
  cache: string,
  { signal }: BuildOptions,
): Promise<Prepared> {
  const buildArgs = { VERSION: version };
  return {
    digests: Object.values(sources).map(sourceDigest),
    push: (source, reference) => buildxPush({ ...source, reference, buildArgs }, cache, signal),
  };
}

function packageVersion(dir: string): string {
  return (JSON.parse(readFileSync(join(dir, 'package.json'), 'utf8')) as { version: string }).version;
}

function native(): Architecture {
  if (process.arch === 'x64') return 'amd64';
  if (process.arch === 'arm64') return 'arm64';
  throw new Terminal(`no images for ${process.arch}: nodes of amd64 and arm64 are supported`);
}
