import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { Failure } from './failure.ts';
import type { ShimAsset } from './plan/shim.ts';

const name = z.string().regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/, 'lower-case letters, digits, "-" and "." only');
const shim = z.object({
  handler: name,
  binary: z.string().regex(/^containerd-shim-[A-Za-z0-9._-]+$/),
  version: z.string(),
  arch: z.string(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  file: z.string().regex(/^(?!.*\.\.)[A-Za-z0-9._/-]+$/),
});

/** The image's list of shims. */
export function readAssets(directory: string): readonly ShimAsset[] {
  const path = join(directory, 'shims.json');
  const parsed = z.array(shim).safeParse(readJson(path));
  if (!parsed.success) throw new Failure('ShimCorrupt', `${path}: ${z.prettifyError(parsed.error)}`);
  const keys = parsed.data.map(({ handler, arch }) => `${handler} for ${arch}`);
  const twice = keys.find((key, index) => keys.indexOf(key) !== index);
  if (twice !== undefined) throw new Failure('ShimCorrupt', `${path} lists ${twice} twice`);
  return parsed.data;
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw new Failure('ShimCorrupt', `${path} cannot be read: ${(cause as Error).message}`, { cause });
  }
}
