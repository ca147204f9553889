import { buildFunction } from '../../func/build.ts';
import type { Builder } from '../../func/compatibility.ts';
import { pushedImage } from '../../func/deploy/deployed-image.ts';
import { readFunctionFile, writeFunctionFile } from '../../func/function-file.ts';
import { PLATFORMS } from '../../oci/both-worlds.ts';
import { CliError, EXIT } from '../exit.ts';
import type { ImageFlags } from '../image-flags.ts';
import { onInterrupt } from '../interrupt.ts';
import { accessOf, imageOf, withImage } from './image.ts';

export interface BuildFlags extends ImageFlags {
  readonly path: string;
  readonly builder?: Builder;
  readonly push?: true;
}

export async function buildAndPush(flags: BuildFlags): Promise<void> {
  using interrupt = onInterrupt();
  const { signal } = interrupt;
  const { path, builder, platform: platforms = PLATFORMS } = flags;
  const log = (line: string) => console.error(line);
  const file = withImage(await readFunctionFile(path), flags);
  // Before minutes are spent on what has nowhere to go.
  const image = flags.push === true ? imageOf(file, flags) : undefined;
  await writeFunctionFile(path, file);
  try {
    const built = await buildFunction(path, { builder, log, signal });
    console.log(`${built.unchanged ? 'unchanged' : 'built'} ${built.component}`);
    console.log(`digest ${built.digest}, ${built.bytes.length} bytes`);
    for (const name of built.imports) console.log(`imports ${name}`);
    if (image === undefined) return;
    console.log(`image ${await pushedImage(built, { image, platforms, log, signal }, accessOf(flags))}`);
  } catch (error) {
    if (!signal.aborted) throw error;
    throw new CliError('interrupted', { exitCode: EXIT.interrupted, cause: error });
  }
}
