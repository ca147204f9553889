import type { Access } from './access.ts';
import { type PushedIndex, pushForBoth } from './both-worlds.ts';
import { type PullOptions, pullModule } from './pull.ts';

/** A module that lies in a registry, however it was pushed, put behind a reference that nodes can pull, too. */
export async function repackModule(
  source: string,
  target: string,
  access: Access,
  platforms: readonly string[],
  options: PullOptions = {},
): Promise<PushedIndex> {
  const { bytes } = await pullModule(source, access, { ...options, prefer: 'wasi' });
  return await pushForBoth(bytes, source, target, access, { platforms, earlier: 'keep', signal: options.signal });
}
