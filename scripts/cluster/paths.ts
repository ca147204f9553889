import { homedir } from 'node:os';
import { join } from 'node:path';

/** Everything this project keeps on a machine lies below one directory, so that removing it removes all of it. */
export function cacheDir(env: NodeJS.ProcessEnv = process.env): string {
  const base = env['XDG_CACHE_HOME'];
  return join(base === undefined || base === '' ? join(homedir(), '.cache') : base, 'kwasm');
}

/** One cluster's run-time state; `down` removes it. */
export function clusterDir(name: string): string {
  return join(clustersDir(), name);
}

export function clustersDir(): string {
  return join(cacheDir(), 'clusters');
}
