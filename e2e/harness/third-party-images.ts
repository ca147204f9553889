import { readFileSync } from 'node:fs';
import { buildAndPush } from './derived-images.ts';
import type { TestCluster } from './test-cluster.ts';

const SCRIPT = readFileSync(new URL('./third-party.sh', import.meta.url), 'utf8');

/**
 * Somebody else's installer: `works` on containerd 1.x, `duplicates` leaves a configuration no containerd can read, and
 * `persists` does so again and again, and never ends.
 */
export async function thirdPartyInstaller(
  test: TestCluster,
  kind: 'works' | 'duplicates' | 'persists',
): Promise<string> {
  const dockerfile = [
    `FROM ${test.images.installer}`,
    `ENV TIMES=${kind === 'works' ? 1 : 2} PERSISTS=${kind === 'persists' ? 1 : '""'}`,
    'COPY installer.sh /script/installer.sh',
    'ENTRYPOINT []',
    'CMD ["sh", "/script/installer.sh"]',
    '',
  ].join('\n');
  return buildAndPush(`${test.images.registry}/third-party/${kind}:2`, dockerfile, { 'installer.sh': SCRIPT });
}
