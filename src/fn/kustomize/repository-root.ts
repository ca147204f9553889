import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The nearest directory above that git keeps; undefined where there is none. */
export function repositoryRoot(dir: string): string | undefined {
  for (let at = dir; ; at = dirname(at)) {
    if (existsSync(join(at, '.git'))) return at;
    if (dirname(at) === at) return undefined;
  }
}
