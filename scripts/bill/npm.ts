import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { bundledFiles, type Program } from '../images/bundle.ts';
import { normalized } from './licence.ts';
import { expression, type Part } from './part.ts';

const packageSchema = z.object({ name: z.string(), version: z.string(), license: z.string().optional() });

/** A package of which at least one file is in a bundle, and where it lies. */
export interface BundledPackage {
  readonly part: Part;
  readonly dir: string;
}

/** By esbuild's own account: what is installed and not bundled, or shaken off, is not in the image. */
export async function bundledPackages(root: string, program: Program): Promise<readonly BundledPackage[]> {
  const dirs = new Set((await bundledFiles(root, program)).flatMap(packageDirOf));
  return [...dirs].toSorted().map((dir) => ({ dir: join(root, dir), part: npmPart(join(root, dir)) }));
}

/** The innermost package directory of `node_modules/a/node_modules/@b/c/lib/x.js`; none of our own sources. */
export function packageDirOf(file: string): readonly string[] {
  const found = /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0];
  return found === undefined ? [] : [found];
}

export function npmPart(dir: string): Part {
  const {
    name,
    version,
    license = '',
  } = packageSchema.parse(JSON.parse(readFileSync(join(dir, 'package.json'), 'utf8')));
  return { kind: 'npm', name, version, licence: expression(normalized(license)) };
}
