import { createHash } from 'node:crypto';
import { copyFileSync, lstatSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type BuiltShim, runnerOf } from '../shim/build.ts';
import { writeWhole } from './blobs.ts';
import { bundle, PROGRAMS } from './bundle.ts';
import { assembledModule, COMPONENT, componentOf } from './component.ts';
import { pathsBelow } from './entries.ts';
import type { Architecture } from './oci.ts';
import type { ImageName } from './registry.ts';
import { place, writeAssets } from './shims.ts';

/** An image before it is built: what `docker buildx build --file DOCKERFILE CONTEXT` would be given. */
export interface ImageSource {
  readonly dockerfile: string;
  readonly context: string;
  readonly platforms: readonly Architecture[];
}

const DOCKERFILES: Readonly<Record<ImageName, string>> = {
  operator: 'installer-image/operator.Dockerfile',
  installer: 'installer-image/Dockerfile',
  demo: 'installer-image/demo.Dockerfile',
  canary: 'installer-image/canary.Dockerfile',
  runner: 'installer-image/runner.Dockerfile',
};

export type ImageSources = Readonly<Record<ImageName, ImageSource>>;

/** Lays every image's files out below `cacheRoot`/context. */
export async function layOut(
  root: string,
  cacheRoot: string,
  shim: BuiltShim,
  native: Architecture,
): Promise<ImageSources> {
  const source = (name: ImageName, platforms: readonly Architecture[]): ImageSource => {
    const context = join(cacheRoot, 'context', name);
    mkdirSync(context, { recursive: true });
    return { dockerfile: join(root, DOCKERFILES[name]), context, platforms };
  };
  // A module is the same bytes everywhere; the others carry binaries of this machine's architecture.
  const [operator, installer, runner, demo, canary] = [
    source('operator', [native]),
    source('installer', [native]),
    source('runner', [native]),
    source('demo', ['amd64', 'arm64']),
    source('canary', ['amd64', 'arm64']),
  ];
  await bundle(root, PROGRAMS.operator, operator.context);
  await bundle(root, PROGRAMS.installer, installer.context);
  await bundle(root, PROGRAMS.runner, runner.context);
  for (const { context } of [operator, installer, runner]) {
    copyFileSync(join(root, 'installer-image/THIRD-PARTY-LICENSES'), join(context, 'app/THIRD-PARTY-LICENSES'));
  }
  writeAssets(join(installer.context, 'assets'), [shim]);
  rmSync(join(runner.context, 'kwasm-runner'), { force: true });
  place(runnerOf(shim), join(runner.context, 'kwasm-runner'));
  writeWhole(join(demo.context, 'component.wasm'), await componentOf(COMPONENT, cacheRoot));
  writeWhole(join(canary.context, 'canary.wasm'), await assembledModule(join(root, 'installer-image/canary.wat')));
  return { operator, installer, demo, canary, runner };
}

/** A digest of all that an image is made from beside its base. */
export function sourceDigest({ dockerfile, context }: ImageSource): string {
  const hash = createHash('sha256').update(readFileSync(dockerfile));
  for (const path of pathsBelow(context)) {
    const file = join(context, path);
    if (lstatSync(file).isFile()) hash.update(`${path}\0`).update(readFileSync(file));
  }
  return hash.digest('hex');
}
