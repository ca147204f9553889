import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Terminal } from '../../src/errors.ts';
import { withLock } from '../cluster/lock.ts';
import { cacheDir } from '../cluster/paths.ts';
import type { Progress } from '../cluster/progress.ts';
import { type BuiltShim, buildShim } from '../shim/build.ts';
import { type Builder, chooseBuilder, thisMachine } from './builder.ts';
import { layOut } from './context.ts';
import type { Architecture } from './oci.ts';
import { prepareAssembled, prepareBuildx } from './prepare.ts';
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
  readonly canary: string;
  readonly runner: string;
}

const root = join(import.meta.dirname, '../..');
const nodePackage = join(root, 'node_modules/node');

export async function buildImages(options: BuildOptions): Promise<BuiltImages> {
  const { progress, signal } = options;
  checkRegistry(options.registry);
  const { builder, why } = chooseBuilder(await thisMachine(), options.builder);
  progress.say(`images: ${builder} (${why})`);
  const shim = await buildShim({ progress, signal });
  const cache = join(cacheDir(), 'images');
  const waiting = () => progress.say('  ... another process builds images; waiting for it');
  return withLock(join(cache, 'lock'), waiting, () => buildAlone(options, builder, cache, shim));
}

/** With the cache to ourselves: the contexts in it are laid anew. */
async function buildAlone(
  options: BuildOptions,
  builder: Builder,
  cache: string,
  shim: BuiltShim,
): Promise<BuiltImages> {
  const { registry, progress } = options;
  const tmp = join(cache, 'tmp');
  rmSync(tmp, { recursive: true, force: true }); // of a run that was killed
  mkdirSync(tmp, { recursive: true });
  const inputs = imageInputs();
  const sources = await progress.step('bundles and the demo component', () => layOut(root, cache, shim, inputs.native));
  const { version, node } = inputs;
  const plainHttp = options.plainHttp ?? isLocalRegistry(registry);
  const prepare = builder === 'buildx' ? prepareBuildx : prepareAssembled;
  const prepared = await progress.step('image layers', () =>
    prepare({ sources, version, plainHttp, cache, tmp, node, progress, signal: options.signal }),
  );
  const tag = checkTag(options.tag ?? contentTag(version, prepared.digests));
  const pushed = async (name: ImageName): Promise<string> => {
    const repository = `${registry}/${REPOSITORIES[name]}`;
    const reference = `${repository}:${tag}`;
    const digest = await progress.step(`push ${reference}`, () => prepared.push(sources[name], reference));
    return `${repository}@${digest}`;
  };
  const [operator, installer] = [await pushed('operator'), await pushed('installer')];
  const [demo, canary, runner] = [await pushed('demo'), await pushed('canary'), await pushed('runner')];
  return { registry, tag, operator, installer, demo, canary, runner };
}

/**
 * Twelve digits that change with any byte of any image: a tag made of them is never moved, so a node that has it under
 * IfNotPresent has the right one.
 */
export function contentTag(version: string, digests: readonly string[]): string {
  return `${version}-${createHash('sha256').update(digests.join()).digest('hex').slice(0, 12)}`;
}

/** What the images are made from, beside the shims. */
export interface ImageInputs {
  readonly root: string;
  readonly version: string;
  readonly native: Architecture;
  readonly node: { readonly path: string; readonly version: string };
}

export function imageInputs(): ImageInputs {
  const node = { path: join(nodePackage, 'bin/node'), version: packageVersion(nodePackage) };
  return { root, version: packageVersion(root), native: native(), node };
}

function packageVersion(dir: string): string {
  return (JSON.parse(readFileSync(join(dir, 'package.json'), 'utf8')) as { version: string }).version;
}

function native(): Architecture {
  if (process.arch === 'x64') return 'amd64';
  if (process.arch === 'arm64') return 'arm64';
  throw new Terminal(`no images for ${process.arch}: nodes of amd64 and arm64 are supported`);
}
