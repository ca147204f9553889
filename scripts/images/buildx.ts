import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { command, succeeds } from '../cluster/command.ts';
import type { Architecture } from './oci.ts';

const TIMEOUT_MS = 30 * 60_000;

export interface BuildxImage {
  readonly dockerfile: string;
  readonly context: string;
  readonly reference: string; // registry/repository:tag
  readonly platforms: readonly Architecture[];
  readonly buildArgs: Readonly<Record<string, string>>;
}

/** The plugin and an engine that answers: each alone is of no use. */
export async function hasBuildx(): Promise<boolean> {
  return (await succeeds('docker', ['buildx', 'version'])) && (await succeeds('docker', ['info']));
}

/** Builds and pushes; returns the digest that the registry has. */
export async function buildxPush(image: BuildxImage, tmp: string, signal?: AbortSignal): Promise<string> {
  const work = mkdtempSync(join(tmp, 'buildx-'));
  try {
    const metadata = join(work, 'metadata.json');
    await command('docker', buildxArguments(image, metadata), { timeoutMs: TIMEOUT_MS, signal });
    return pushedDigest(readFileSync(metadata, 'utf8'));
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

export function buildxArguments(image: BuildxImage, metadataFile: string): readonly string[] {
  const platforms = image.platforms.map((architecture) => `linux/${architecture}`).join(',');
  const buildArgs = Object.entries(image.buildArgs).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]);
  return [
    'buildx',
    'build',
    '--push',
    '--provenance=false',
    `--platform=${platforms}`,
    `--file=${image.dockerfile}`,
    ...buildArgs,
    `--tag=${image.reference}`,
    `--metadata-file=${metadataFile}`,
    image.context,
  ];
}

const metadataSchema = z.object({ 'containerimage.digest': z.string().regex(/^sha256:[0-9a-f]{64}$/) });

export function pushedDigest(metadata: string): string {
  return metadataSchema.parse(JSON.parse(metadata))['containerimage.digest'];
}
