import type { ProviderKind } from './arguments.ts';
import { choose, thisMachine } from './choose.ts';
import { kind } from './kind/provider.ts';
import { local } from './local/provider.ts';
import { findCluster, madeBy } from './open.ts';
import type { Cluster, ClusterSpec, Context, Provider } from './provider.ts';

const providers: Readonly<Record<ProviderKind, Provider>> = { local, kind };

/** Makes the cluster or mends it, with the provider that made it, or the one that suits this machine. */
export async function bringUp(spec: ClusterSpec, wanted: ProviderKind | undefined, context: Context): Promise<Cluster> {
  const existing = await findCluster(spec.name);
  if (existing !== undefined) {
    context.progress.say(`Cluster ${spec.name} exists (provider ${existing.provider}); starting what does not run`);
    return providers[existing.provider].up(spec, context);
  }
  const { provider, why } = choose(await thisMachine(), wanted);
  context.progress.say(`Making cluster ${spec.name} with the provider '${provider}' (${why})`);
  return providers[provider].up(spec, context);
}

/** With the provider that made it; without a trace of one, what an early interruption left is the machine's own kind. */
export async function takeDown(name: string, wanted: ProviderKind | undefined, context: Context): Promise<void> {
  const provider = wanted ?? madeBy(name) ?? choose(await thisMachine(), undefined).provider;
  context.progress.say(`Taking cluster ${name} down (provider ${provider})`);
  await providers[provider].down(name, context);
}
