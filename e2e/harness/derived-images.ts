import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { changedImage, type ImageChange } from './changed-image.ts';
import type { TestCluster } from './test-cluster.ts';

const BUILD_DEADLINE_MS = 300_000;

/** Builds `dockerfile` (files beside it by name) without a daemon and pushes it to the cluster's registry. */
export async function buildAndPush(
  reference: string,
  dockerfile: string,
  files: Readonly<Record<string, string | Uint8Array>> = {},
): Promise<string> {
  const context = await mkdtemp(join(tmpdir(), 'kwasm-image-'));
  const storage = ['--storage-driver', 'vfs', '--root', join(context, '.storage'), '--runroot', join(context, '.run')];
  try {
    await writeFile(join(context, 'Dockerfile'), dockerfile);
    for (const [name, content] of Object.entries(files)) await writeFile(join(context, name), content);
    const build = ['bud', '--isolation', 'chroot', '--tls-verify=false', '--layers=false', '-t', reference, context];
    await execa('buildah', [...storage, ...build], { timeout: BUILD_DEADLINE_MS });
    await execa('buildah', [...storage, 'push', '--tls-verify=false', reference], { timeout: BUILD_DEADLINE_MS });
    return reference;
  } finally {
    await rm(context, { recursive: true, force: true });
  }
}

/**
 * A registry prefix under which the operator is ours and the installer is ours with `change` made to it, so that one
 * value (imageRegistry) selects both.
 */
export async function registryWithInstaller(
  { images }: TestCluster,
  name: string,
  change: ImageChange,
): Promise<string> {
  const registry = `${images.registry}/${name}`;
  await changedImage(images.operator, `${registry}/kwasm-operator:${images.tag}`, {});
  await changedImage(images.installer, `${registry}/kwasm-node-installer:${images.tag}`, change);
  return registry;
}
