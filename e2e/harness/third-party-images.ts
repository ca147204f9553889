import { readFileSync } from 'node:fs';
import { changedImage } from './changed-image.ts';
import type { TestCluster } from './test-cluster.ts';

const scriptOf = (name: string): Buffer => readFileSync(new URL(name, import.meta.url));
const SCRIPT = scriptOf('./third-party.sh');
const OLD_SCRIPT = scriptOf('./old-installer.sh');

/**
 * Somebody else's installer: `works` on containerd 1.x, `duplicates` leaves a configuration no containerd can read, and
 * `persists` does so again and again, and never ends.
 */
export async function thirdPartyInstaller(
  test: TestCluster,
  kind: 'works' | 'duplicates' | 'persists',
): Promise<string> {
  const env = { TIMES: kind === 'works' ? '1' : '2', PERSISTS: kind === 'persists' ? '1' : '' };
  return imageOf(test, `${kind}:2`, SCRIPT, env);
}

/** As KWasm's own was, with what it leaves on a node. */
export const oldInstaller = (test: TestCluster): Promise<string> => imageOf(test, 'old:1', OLD_SCRIPT);

function imageOf({ images }: TestCluster, name: string, script: Buffer, env: Readonly<Record<string, string>> = {}) {
  const path = '/script/installer.sh';
  const change = { env, files: { [path]: script }, command: ['sh', path] };
  return changedImage(images.installer, `${images.registry}/third-party/${name}`, change);
}
