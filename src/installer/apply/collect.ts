import { readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path/posix';
import type { Cri } from '../cri/client.ts';
import { readBundles } from '../detect/bundles.ts';
import { readConfig } from '../detect/config.ts';
import { processesFrom } from '../detect/daemon.ts';
import { liveHandlers } from '../detect/facts.ts';
import { exists, type Host } from '../host.ts';
import type { ConfigFacts, ContainerdFacts } from '../plan/facts.ts';
import { shimsBelow } from '../plan/shim.ts';
import { syncDirectory } from './files.ts';
import { readJournals } from './journal.ts';
import { removeIfEmpty } from './stage.ts';

/** One version of a shim of ours on the host; `neededBy` undefined: nothing needs it any more. */
export interface Version {
  readonly directory: string;
  readonly neededBy: string | undefined;
}

/** The first digits of a shim's digest: a directory of any other name was not made by us. */
const DIGEST = /^[0-9a-f]{16}$/;

/**
 * An upgrade leaves the old version to the pods that run on it; whichever later run finds it unused removes it. A change
 * that is not ended may still be undone to any version, so then all stay.
 */
export async function collectShims(host: Host, cri: Cri, runtime: ContainerdFacts): Promise<readonly Version[]> {
  if (readJournals(host).length > 0) return [];
  const { config, distribution, dump } = runtime;
  // Read anew: what is known of the host is from before the change.
  const now = readConfig(host, config.root.path, distribution.kind);
  const served = liveHandlers(await cri.status()).map(({ type }) => type);
  const versions = shimVersions(host, now, served, dump, distribution.prefix);
  for (const { directory, neededBy } of versions) if (neededBy === undefined) remove(host, directory);
  return versions;
}

/** `served`: the shims that the daemon starts pods with. */
export function shimVersions(
  host: Host,
  config: ConfigFacts,
  served: readonly string[],
  dump: unknown,
  prefix: string,
): readonly Version[] {
  const bundles = readBundles(host, dump);
  const files = filesOf(config);
  const root = shimsBelow(prefix);
  const directories = directoriesOf(host, root).flatMap((handler) =>
    directoriesOf(host, join(root, handler))
      .filter((name) => DIGEST.test(name))
      .map((name) => join(root, handler, name)),
  );
  return directories.map((directory) => {
    const inside = (path: string): boolean => path.startsWith(`${directory}/`);
    const file = files.find(({ text }) => text.includes(`${directory}/`));
    if (file !== undefined) return { directory, neededBy: `${file.path} names it` };
    if (served.some(inside)) return { directory, neededBy: 'containerd serves it' };
    const pids = processesFrom(host, directory);
    if (pids.length > 0) return { directory, neededBy: `pods run from it (pid ${pids.join(', ')})` };
    const bundle = bundles.find(({ shim }) => inside(shim));
    return { directory, neededBy: bundle === undefined ? undefined : `${bundle.id} was started with it` };
  });
}

function remove(host: Host, directory: string): void {
  rmSync(host.at(directory), { recursive: true, force: true });
  syncDirectory(dirname(host.at(directory)));
  removeIfEmpty(host, dirname(directory));
}

function filesOf({ root, imported, dropIns, source }: ConfigFacts) {
  const sources = source.kind === 'file' ? [] : source.files;
  return [root, ...imported, ...dropIns, ...sources].filter((file) => file.kind === 'file');
}

function directoriesOf(host: Host, path: string): readonly string[] {
  if (!exists(host, path)) return [];
  const entries = readdirSync(host.at(path), { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}
