import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path/posix';
import { messageOf } from '../../errors.ts';
import type { Daemon } from '../detect/daemon.ts';
import { loadConfig } from '../detect/facts.ts';
import { Failure } from '../failure.ts';
import type { Host } from '../host.ts';
import type { Change } from '../plan/change.ts';
import { unexpectedDifference } from '../plan/difference.ts';
import type { ContainerdFacts } from '../plan/facts.ts';
import { shadowOf } from '../plan/shadow.ts';
import { withPath } from './no-space.ts';

/** The live daemon's own program loads a copy of the whole configuration with the change in it; nothing live is touched. */
export async function validate(
  host: Host,
  daemon: Daemon,
  runtime: ContainerdFacts,
  change: Change,
  transaction: string,
): Promise<void> {
  const directory = join(transaction, 'shadow');
  mkdirSync(host.at(directory), { recursive: true, mode: 0o700 });
  try {
    const files = shadowOf(runtime.config, change.files, directory);
    for (const { path, text } of files) {
      try {
        writeFileSync(host.at(path), text, { mode: 0o600 });
      } catch (error) {
        throw withPath(error, host.at(path));
      }
    }
    const argv = [daemon.binary, '-c', files[0]?.path ?? '', 'config', 'dump'];
    const planned = await loadConfig(host, argv).catch((error: unknown) => {
      throw new Failure('ValidationFailed', `containerd would not load the change: ${messageOf(error)}`);
    });
    const wrong = unexpectedDifference(runtime.dump, planned, change);
    if (wrong !== undefined) throw new Failure('ValidationFailed', wrong);
  } finally {
    rmSync(host.at(directory), { recursive: true, force: true });
  }
}
