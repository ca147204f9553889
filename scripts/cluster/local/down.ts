import { existsSync, readFileSync, rmdirSync, rmSync } from 'node:fs';
import { command } from '../command.ts';
import { clusterDir } from '../paths.ts';
import type { Context } from '../provider.ts';
import { addressesOf } from './addresses.ts';
import { groupName } from './cgroups.ts';
import { destroyGroups, findGroups } from './group-removal.ts';
import { removeNetwork } from './network.ts';
import { kill } from './processes.ts';
import { localClusters, remains } from './state.ts';
import { restore } from './sysctls.ts';

/** Takes the cluster away. Nothing here needs the cluster to be whole, or `up` to have come to its end. */
export async function down(name: string, { progress }: Context): Promise<void> {
  const dir = clusterDir(name);
  const { range, sysctlsBefore } = remains(name);
  await progress.step('processes', () => kill(dir));
  await progress.step('nodes', () => destroyGroups(findGroups(groupName(name, ''))));
  if (range !== undefined) {
    await progress.step('network', async () => {
      await removeNetwork(name, addressesOf(range));
      const others = localClusters().filter((other) => other !== name);
      if (others.length === 0) restore(sysctlsBefore);
    });
  }
  await progress.step('files', async () => {
    await unmountBelow(dir);
    rmSync(dir, { recursive: true, force: true });
    removeIfEmpty('/run/systemd/nspawn');
  });
}

/** The nodes' mounts vanish with their namespaces. Should a person have mounted something below, it must not be deleted. */
async function unmountBelow(dir: string): Promise<void> {
  const points = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter((point) => point.startsWith(`${dir}/`));
  for (const point of points.reverse()) await command('umount', [point]);
}

function removeIfEmpty(dir: string): void {
  try {
    if (existsSync(dir)) rmdirSync(dir);
  } catch {
    // somebody else's machines live there
  }
}
