import { readFileSync } from 'node:fs';
import * as z from 'zod';
import type { Blobs } from '../images/blobs.ts';
import { PROGRAMS, type Program } from '../images/bundle.ts';
import type { ImageName } from '../images/registry.ts';
import { shimParts } from './crates.ts';
import { debianParts } from './debian.ts';
import { SHIM_CRATES } from './inventory.ts';
import { layerFiles } from './layer-files.ts';
import { bundledPackages, npmPart } from './npm.ts';
import { distinct, expression, type Part } from './part.ts';

export interface BillInputs {
  readonly root: string;
  readonly blobs: Blobs;
  readonly nodeVersion: string;
}

const layersOf = z.object({ layers: z.array(z.object({ digest: z.string() })) });
const manifestsOf = z.object({ manifests: z.array(z.object({ digest: z.string() })) });
const [BUNDLED_SHIM] = SHIM_CRATES;

/** Everything of somebody else's in an image, sorted. `digest` is that of its index, whose blobs are in `blobs`. */
export async function imageParts(name: ImageName, digest: string, inputs: BillInputs): Promise<readonly Part[]> {
  switch (name) {
    case 'operator':
      return distinct(await programParts(PROGRAMS.operator, digest, inputs));
    case 'installer':
      return distinct([...(await programParts(PROGRAMS.installer, digest, inputs)), ...shimParts(BUNDLED_SHIM)]);
    case 'runner':
      return distinct([...(await programParts(PROGRAMS.runner, digest, inputs)), ...shimParts(BUNDLED_SHIM)]);
    case 'demo': // its JavaScript engine comes out of this package
      return [npmPart(`${inputs.root}/node_modules/@bytecodealliance/componentize-js`)];
    case 'canary': // 20 lines of our own
      return [];
  }
}

async function programParts(program: Program, digest: string, inputs: BillInputs): Promise<readonly Part[]> {
  const npm = (await bundledPackages(inputs.root, program)).map(({ part }) => part);
  const node: Part = { kind: 'program', name: 'node', version: inputs.nodeVersion, licence: expression('MIT') };
  return [...npm, node, ...debianParts(packageFiles(inputs.blobs, digest))];
}

/** From the image itself, so that a package which came along unasked is in the bill, too. */
function packageFiles(blobs: Blobs, digest: string): ReadonlyMap<string, Buffer> {
  const read = (of: string): unknown => JSON.parse(readFileSync(blobs.pathOf(of), 'utf8'));
  const wanted = (path: string) => /^var\/lib\/dpkg\/status\.d\/|^usr\/share\/doc\/[^/]+\/copyright$/.test(path);
  const files = new Map<string, Buffer>();
  for (const manifest of manifestsOf.parse(read(digest)).manifests) {
    for (const layer of layersOf.parse(read(manifest.digest)).layers) {
      for (const [path, content] of layerFiles(blobs.pathOf(layer.digest), wanted)) files.set(path, content);
    }
  }
  return files;
}
