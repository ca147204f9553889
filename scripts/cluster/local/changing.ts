import { join } from 'node:path';
import { withLock } from '../lock.ts';
import { cacheDir } from '../paths.ts';
import type { Progress } from '../progress.ts';

/** One change of a cluster at a time, whichever process asks for it. */
export function changing<T>(cluster: string, progress: Progress, work: () => Promise<T>): Promise<T> {
  const file = join(cacheDir(), 'locks', `cluster-${cluster}.lock`);
  return withLock(
    file,
    () => progress.say(`  ... another process is changing cluster ${cluster}; waiting for it`),
    work,
  );
}
