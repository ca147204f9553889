import { copyFileSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { command, succeeds } from '../command.ts';
import { withLock } from '../lock.ts';
import { cacheDir } from '../paths.ts';

/** An image of one static program. */
export interface SmallImage {
  /** Repository and tag in the cluster's registry; the tag changes whenever the content does. */
  readonly name: string;
  readonly program: string;
  readonly entrypoint: readonly string[];
  /** A numeric user; empty is root. */
  readonly user?: string;
}

export function pauseImage(rootfs: string): SmallImage {
  return {
    // The root file system's name changes with its packages, and catatonit is one of them.
    name: `pause:${basename(rootfs)}`,
    program: join(rootfs, 'usr/bin/catatonit'),
    entrypoint: ['/catatonit', '-P'],
    user: '65535:65535',
  };
}

/** Builds the image once for all clusters of this machine, and puts it into this cluster's registry. */
export async function ensureImage(
  image: SmallImage,
  registry: string,
  signal: AbortSignal | undefined,
): Promise<string> {
  const reference = `${registry}/${image.name}`;
  const remote = `docker://${reference}`;
  if (await succeeds('skopeo', ['--insecure-policy', 'inspect', '--tls-verify=false', '--raw', remote], { signal })) {
    return reference;
  }
  const archive = await ensureArchive(image, signal);
  const copy = ['--insecure-policy', 'copy', '--quiet', '--dest-tls-verify=false', `oci-archive:${archive}`, remote];
  await command('skopeo', copy, { signal });
  return reference;
}

async function ensureArchive(image: SmallImage, signal: AbortSignal | undefined): Promise<string> {
  const archive = join(cacheDir(), 'images', `${image.name.replace(/[/:]/g, '-')}.tar`);
  if (existsSync(archive)) return archive;
  return withLock(
    `${archive}.lock`,
    () => {},
    async () => {
      if (existsSync(archive)) return archive;
      mkdirSync(join(cacheDir(), 'images'), { recursive: true });
      // A context and a storage of its own: nothing of it is left in this machine's container storage.
      const work = mkdtempSync(join(tmpdir(), 'kwasm-image-'));
      try {
        await buildArchive(image, work, `${archive}.partial`, signal);
        renameSync(`${archive}.partial`, archive);
      } finally {
        rmSync(work, { recursive: true, force: true });
      }
      return archive;
    },
  );
}

async function buildArchive(image: SmallImage, work: string, archive: string, signal: AbortSignal | undefined) {
  const context = join(work, 'context');
  mkdirSync(context);
  copyFileSync(image.program, join(context, basename(image.program)));
  writeFileSync(join(context, 'Dockerfile'), dockerfile(image));
  const storage = ['--root', join(work, 'root'), '--runroot', join(work, 'run'), '--storage-driver', 'vfs'];
  await command('buildah', [...storage, 'bud', '--isolation', 'chroot', '-t', 'image', context], { signal });
  await command('buildah', [...storage, 'push', 'image', `oci-archive:${archive}`], { signal });
}

export function dockerfile({ program, entrypoint, user }: SmallImage): string {
  return [
    'FROM scratch',
    `COPY --chmod=0755 ${basename(program)} /${basename(program)}`,
    ...(user === undefined ? [] : [`USER ${user}`]),
    `ENTRYPOINT ${JSON.stringify(entrypoint)}`,
    '',
  ].join('\n');
}
