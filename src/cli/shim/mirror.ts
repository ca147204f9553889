import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { join } from 'node:path';
import { CATALOGUE, type Entry } from '../../shims/catalogue.ts';
import { CliError, EXIT } from '../exit.ts';
import type { MirrorFlags } from '../shim.ts';
import { download } from './download.ts';

/** One file of the mirror: the URL's host is the first directory, as the installer asks for it behind KWASM_MIRROR. */
export interface MirrorFile {
  readonly shim: string;
  readonly version: string;
  readonly url: string;
  readonly sha256: string;
  /** Below the directory. */
  readonly path: string;
}

export function mirrorFiles(
  names: readonly string[],
  catalogue: Readonly<Record<string, Entry>> = CATALOGUE,
): readonly MirrorFile[] {
  const unknown = names.filter((name) => !Object.hasOwn(catalogue, name));
  if (unknown.length > 0) {
    throw new CliError(`the catalogue has no ${unknown.join(', ')}; it has: ${Object.keys(catalogue).join(', ')}`, {
      exitCode: EXIT.notFound,
    });
  }
  const files = Object.entries(catalogue)
    .filter(([name]) => names.length === 0 || names.includes(name))
    .flatMap(([shim, { version, sources = [], versions = {} }]) =>
      Object.entries({ [version]: sources, ...versions }).flatMap(([its, all]) =>
        all.flatMap(({ https }) =>
          https === undefined
            ? []
            : [{ shim, version: its, url: https.url, sha256: https.sha256, path: pathOf(https.url) }],
        ),
      ),
    );
  return [...new Map(files.map((file) => [file.url, file])).values()];
}

/** As a server finds it: the path of a request, decoded. */
function pathOf(url: string): string {
  const { host, pathname } = new URL(url);
  return join(host, decodeURIComponent(pathname));
}

export async function mirrorShims(directory: string, names: readonly string[], flags: MirrorFlags): Promise<void> {
  const files = mirrorFiles(names);
  for (const { shim, version, url, sha256, path } of files) {
    const to = join(directory, path);
    if (flags.dryRun === true) {
      process.stdout.write(`${shim} ${version}  ${url} -> ${to}\n`);
    } else if (existsSync(to) && (await digestOf(to)) === sha256) {
      process.stdout.write(`${shim} ${version}  there already: ${to}\n`);
    } else {
      const { bytes } = await download(url, to, sha256, flags.timeout * 1000);
      process.stdout.write(`${shim} ${version}  ${(bytes / 1e6).toFixed(1)} MB  ${to}\n`);
    }
  }
  const said =
    files.length === 0
      ? 'nothing of these is downloaded: they are in the image, or not pinned'
      : 'serve the directory, and set kwasmOperator.installer.mirror to its URL (docs/air-gapped.md)';
  process.stderr.write(`kwasm: ${said}\n`);
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
