import { Terminal } from '../../src/errors.ts';
import { kind } from './kind/provider.ts';
import { local } from './local/provider.ts';
import type { Cluster } from './provider.ts';

/** The cluster of that name, whichever provider made it; for tests and the demo, which work on one that is up. */
export async function openCluster(name: string): Promise<Cluster> {
  const cluster = await findCluster(name);
  if (cluster !== undefined) return cluster;
  throw new Terminal(`there is no cluster ${name}; make it: npm run cluster -- up --name ${name}`);
}

export async function findCluster(name: string): Promise<Cluster | undefined> {
  return (await local.open(name)) ?? (await kind.open(name));
}
