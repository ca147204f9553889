import { Terminal } from '../../src/errors.ts';
import type { ProviderKind } from './arguments.ts';
import { kind } from './kind/provider.ts';
import { isKind } from './kind/state.ts';
import { local } from './local/provider.ts';
import { isLocal } from './local/state.ts';
import type { Cluster } from './provider.ts';

/** The cluster of that name, whichever provider made it; for tests and the demo, which work on one that is up. */
export async function openCluster(name: string): Promise<Cluster> {
  const cluster = await findCluster(name);
  if (cluster !== undefined) return cluster;
  throw new Terminal(`there is no cluster ${name}; make it: npm run cluster -- up --name ${name}`);
}

/** Also of a cluster that another version of this script made, and whose state we cannot read. */
export function madeBy(name: string): ProviderKind | undefined {
  if (isLocal(name)) return 'local';
  return isKind(name) ? 'kind' : undefined;
}

export async function findCluster(name: string): Promise<Cluster | undefined> {
  return (await local.open(name)) ?? (await kind.open(name));
}
