import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { command } from '../cluster/command.ts';
import type { Blobs, Descriptor } from './blobs.ts';
import { writeLayout } from './oci.ts';

const TIMEOUT_MS = 15 * 60_000;

export interface PushOptions {
  readonly reference: string; // registry/repository:tag
  readonly plainHttp: boolean;
  readonly tmp: string;
  readonly signal?: AbortSignal | undefined;
}

/** skopeo knows people's registry logins (`docker login`, `podman login`) and sends only what the registry lacks. */
export async function push(blobs: Blobs, image: Descriptor, options: PushOptions): Promise<void> {
  const layout = mkdtempSync(join(options.tmp, 'layout-'));
  try {
    writeLayout(layout, image);
    const flags = ['--all', '--preserve-digests', `--src-shared-blob-dir=${blobs.dir}`];
    if (options.plainHttp) flags.push('--dest-tls-verify=false');
    const args = ['copy', '--quiet', ...flags, `oci:${layout}`, `docker://${options.reference}`];
    await command('skopeo', args, { timeoutMs: TIMEOUT_MS, signal: options.signal });
  } finally {
    rmSync(layout, { recursive: true, force: true });
  }
}
