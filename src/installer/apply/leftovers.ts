import { lstatSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path/posix';
import { findLeftovers, leftoverDirectories, readLock, readUses } from '../detect/leftovers.ts';
import type { Host } from '../host.ts';
import type { ContainerdFacts } from '../plan/facts.ts';
import { frozenTemplates } from '../plan/frozen.ts';
import { type Judged, judgeLeftovers } from '../plan/leftovers.ts';
import { syncDirectory } from './files.ts';
import { removeIfEmpty } from './stage.ts';

/** After our own change is undone, and proved gone: `runtime` is how containerd is now. */
export function removeLeftovers(host: Host, runtime: ContainerdFacts): Judged {
  const judged = judgeLeftovers(findLeftovers(host), readUses(host, runtime), readLock(host));
  for (const path of judged.remove) {
    // The link itself, not what it points at.
    const at = join(host.at(dirname(path)), basename(path));
    if (lstatSync(at, { throwIfNoEntry: false }) === undefined) continue;
    rmSync(at);
    syncDirectory(dirname(at));
  }
  if (judged.remove.length > 0) for (const directory of leftoverDirectories()) removeIfEmpty(host, directory);
  return { ...judged, keep: [...judged.keep, ...frozenTemplates(runtime)] };
}
