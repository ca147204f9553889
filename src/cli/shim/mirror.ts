import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import * as z from 'zod';
import { messageOf } from '../../errors.ts';
import { CATALOGUE, type Entry } from '../../shims/catalogue.ts';
import { type ShimSpec, shimSpecSchema } from '../../shims/spec.ts';
import { CliError, EXIT } from '../exit.ts';
import { readGiven } from '../given-file.ts';
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
  return once(
    Object.entries(catalogue)
      .filter(([name]) => names.length === 0 || names.includes(name))
      .flatMap(([shim, { version, sources = [], versions = {} }]) =>
        Object.entries({ [version]: sources, ...versions }).flatMap(([its, all]) => downloads(shim, its, all)),
      ),
  );
}

/** Of Shims in YAML: one or more documents, or a List as `kubectl get shims.kwasm.sh -o yaml` prints. */
export async function filesOfShims(text: string, from: string): Promise<readonly MirrorFile[]> {
  const { loadAll } = await import('js-yaml');
  const wrong = (problem: string, cause?: unknown) =>
    new CliError(`${from}: ${problem}. What \`kwasm shim pin\` prints is what is wanted`, {
      exitCode: EXIT.usage,
      cause,
    });
  let documents: readonly unknown[];
  try {
    documents = loadAll(text);
  } catch (cause) {
    throw wrong(`no YAML: ${messageOf(cause).split('\n')[0]}`, cause);
  }
  const parsed = z.array(z.union([shimSchema, listSchema])).safeParse(documents.filter((one) => one != null));
  if (!parsed.success) throw wrong('not only Shims of kwasm.sh/v1alpha1 with their sources');
  const shims = parsed.data.flatMap((one) => ('items' in one ? one.items : [one]));
  if (shims.length === 0) throw wrong('no Shim');
  return once(shims.flatMap(({ metadata, spec }) => downloads(metadata.name, spec.version, spec.sources)));
}

const shimSchema = z.object({
  apiVersion: z.literal('kwasm.sh/v1alpha1'),
  kind: z.literal('Shim'),
  metadata: z.object({ name: z.string() }),
  spec: shimSpecSchema,
});
const listSchema = z.object({ kind: z.literal(['List', 'ShimList']), items: z.array(shimSchema) });

function downloads(shim: string, version: string, sources: ShimSpec['sources']): readonly MirrorFile[] {
  return sources.flatMap(({ https }) =>
    https === undefined ? [] : [{ shim, version, url: https.url, sha256: https.sha256, path: pathOf(https.url) }],
  );
}

function once(files: readonly MirrorFile[]): readonly MirrorFile[] {
  const byPath = new Map<string, MirrorFile>();
  for (const file of files) {
    const earlier = byPath.get(file.path);
    if (earlier !== undefined && earlier.url !== file.url)
      throw unusable(`${earlier.url} and ${file.url} would be one file, and no server of files tells them apart`);
    byPath.set(file.path, file);
  }
  return [...byPath.values()];
}

/** As a server finds it: the path of a request, decoded. Whoever wrote the Shim does not say what lies outside the directory. */
function pathOf(url: string): string {
  const { host, pathname } = new URL(url);
  const parts = decoded(pathname)?.split('/').slice(1) ?? [''];
  if (parts.some((part) => part === '' || part === '.' || part === '..' || part.includes('\0')))
    throw unusable(`${url} has no path that could be one of a file`);
  return join(host, ...parts);
}

function decoded(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}

function unusable(why: string): CliError {
  return new CliError(`${why}: lay this mirror out by hand (docs/air-gapped.md)`, { exitCode: EXIT.usage });
}

export async function mirrorShims(directory: string, names: readonly string[], flags: MirrorFlags): Promise<void> {
  const { filename } = flags;
  const given = filename === undefined ? [] : await filesOfShims(await read(filename), filename);
  const files = filename === undefined || names.length > 0 ? [...given, ...mirrorFiles(names)] : given;
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

async function read(filename: string): Promise<string> {
  return filename === '-' ? await text(process.stdin) : (await readGiven(filename)).toString('utf8');
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
