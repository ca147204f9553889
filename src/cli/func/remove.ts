import { systemClock } from '../../clock.ts';
import { removeFunction } from '../../func/deploy/remove.ts';
import { CliError, EXIT } from '../exit.ts';
import { onInterrupt } from '../interrupt.ts';
import { withFunctionCluster } from './cluster.ts';
import { type FunctionFlags, targetOf } from './target.ts';

export async function remove(
  name: string | undefined,
  flags: FunctionFlags & { readonly timeout: number },
): Promise<void> {
  using interrupt = onInterrupt();
  const { signal } = interrupt;
  await withFunctionCluster(flags, async (cluster, client) => {
    const target = await targetOf(name, flags, client);
    try {
      const progress = (line: string) => console.error(line);
      const wait = { timeoutMs: flags.timeout, progress, clock: systemClock, signal };
      const gone = await removeFunction({ ...target, ...wait }, cluster);
      for (const object of gone) console.log(`deleted ${object}`);
    } catch (error) {
      if (!signal.aborted) throw error;
      throw new CliError(`interrupted; the deletion of ${target.name} goes on`, { exitCode: EXIT.interrupted });
    }
  });
}
