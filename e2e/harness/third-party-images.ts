import { readFileSync } from 'node:fs';
import { buildAndPush } from './derived-images.ts';
import type { TestCluster } from './test-cluster.ts';

const scriptOf = (name: string): string => readFileSync(new URL(name, import.meta.url), 'utf8');
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
  const env = `ENV TIMES=${kind === 'works' ? 1 : 2} PERSISTS=${kind === 'persists' ? 1 : '""'}`;
  return imageOf(test, `${kind}:2`, SCRIPT, env);
}

/** As KWasm's own was, with what it leaves on a node. */
export const oldInstaller = (test: TestCluster): Promise<string> => imageOf(test, 'old:1', OLD_SCRIPT);

function imageOf({ images }: TestCluster, name: string, script: string, ...more: readonly string[]): Promise<string> {
  const lines = [
    `FROM ${images.installer}`,
    ...more,
    'COPY installer.sh /script/installer.sh',
    'ENTRYPOINT []',
    'CMD ["sh", "/script/installer.sh"]',
    '',
  ];
  return buildAndPush(`${images.registry}/third-party/${name}`, lines.join('\n'), { 'installer.sh': script });
}
