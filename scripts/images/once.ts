import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { messageOf } from '../../src/errors.ts';
import { progressTo } from '../cluster/progress.ts';
import { buildShim } from '../shim/build.ts';
import { type ImageInputs, imageInputs } from './build.ts';
import { layOut } from './context.ts';
import { prepareAssembled } from './prepare.ts';
import { type ImageName, REPOSITORIES } from './registry.ts';

export const digestsSchema = z.record(z.string(), z.string());
export type Digests = z.infer<typeof digestsSchema>;

/** `once.ts DIR`: builds every image from nothing below DIR, pushes none, and prints the digests. See twice.ts. */
async function once(dir: string): Promise<Digests> {
  const progress = progressTo((line) => console.error(line));
  const inputs: ImageInputs = imageInputs();
  const shim = await buildShim({ progress });
  const tmp = join(dir, 'tmp');
  mkdirSync(tmp, { recursive: true });
  const sources = await layOut(inputs.root, dir, shim, inputs.native);
  const { version, node } = inputs;
  const prepared = await prepareAssembled({ sources, version, plainHttp: true, cache: dir, tmp, node, progress });
  const names = Object.keys(sources) as readonly ImageName[];
  return Object.fromEntries(names.map((name, at) => [REPOSITORIES[name], prepared.digests[at] ?? '']));
}

if (import.meta.main) {
  once(process.argv[2] ?? '').then(
    (digests) => console.log(JSON.stringify(digests)),
    (error: unknown) => {
      console.error(`images: ${messageOf(error)}`);
      process.exitCode = 1;
    },
  );
}
