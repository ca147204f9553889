import { lstatSync, realpathSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { HOST } from '../contract.ts';
import { readAssets } from './assets.ts';
import { Failure } from './failure.ts';
import { findBrought, pinOf, sha256Of } from './fetch/brought.ts';
import { fetchShim } from './fetch/fetch-shim.ts';
import { elfProblem } from './fetch/format.ts';
import { Rejected } from './fetch/rejected.ts';
import { headOf } from './fetch/unpack.ts';
import { type HostOrder, readOrders } from './orders.ts';
import { releaseOf } from './plan/checks.ts';
import type { Facts } from './plan/facts.ts';
import { passesOptions } from './plan/handlers.ts';
import type { ShimAsset } from './plan/shim.ts';
import { Refusal } from './refusal.ts';
import type { Run } from './run.ts';

/** Everything that is to be installed, proved and in reach of this container. */
export interface Supply {
  readonly shims: readonly ShimAsset[];
  /** What a person should know beside that, for the message. */
  readonly notes: readonly string[];
}

/** Where ordered shims are put until they are proved, on the host: the container's own disk may be anywhere. */
const FETCHED = join(HOST.state, 'fetch');

export function removeFetched({ host }: Run): void {
  rmSync(host.at(FETCHED), { recursive: true, force: true });
}

/** The directory is named by what is in the archive: as many characters as the digits will be. */
const AFTER_DOWNLOAD = '<after-download>';

/** In place of a shim that is to be downloaded, for a plan that shall only tell whether there is one. */
export function unknownShim({ order: { handler, binary, version, options } }: HostOrder, arch: string): ShimAsset {
  return { handler, binary, version, options, arch, sha256: AFTER_DOWNLOAD, file: '' };
}

/** Nothing of the host changes but files below FETCHED, which the caller removes. */
export async function supplyShims(run: Run, facts: Facts, known = knownShims(run, facts)): Promise<Supply> {
  if (known.missing.length === 0) return known;
  const brought = await run.steps.run('fetch shims', () => fetchAll(run, facts, known.missing));
  return { shims: inOrder(known, brought), notes: known.notes };
}

export interface Known extends Supply {
  /** Those that have to be downloaded first. */
  readonly missing: readonly HostOrder[];
  readonly orders: readonly HostOrder[];
}

/** What is here without any network: in the image, in a volume, or on the host from an earlier run. */
export function knownShims(run: Run, { host, runtime }: Facts): Known {
  const ordered = readOrders(run.orders, host.arch);
  if (ordered === undefined) return { shims: readAssets(run.assets), notes: [], missing: [], orders: [] };
  const prefix = runtime.kind === 'containerd' ? runtime.distribution.prefix : HOST.prefix;
  const { orders, skipped } = ordered;
  const found = orders.map((one) => ({ one, shim: withName(one, () => shimOf(run, prefix, host.arch, one)) }));
  return {
    shims: found.flatMap(({ shim }) => (shim === undefined ? [] : [shim])),
    notes: [
      ...(skipped.length === 0 ? [] : [`nothing is ordered for ${host.arch} of ${skipped.join(', ')}`]),
      ...unpassed(runtime, orders),
    ],
    missing: found.filter(({ shim }) => shim === undefined).map(({ one }) => one),
    orders,
  };
}

function unpassed(runtime: Facts['runtime'], orders: readonly HostOrder[]): readonly string[] {
  const release = runtime.kind === 'containerd' ? releaseOf(runtime.version) : undefined;
  if (release === undefined || passesOptions(release)) return [];
  const names = orders.filter(({ order }) => Object.keys(order.options).length > 0).map(({ order }) => order.name);
  return names.length === 0 ? [] : [`this containerd cannot pass on the options of ${names.join(', ')}`];
}

function shimOf(run: Run, prefix: string, arch: string, { order, source }: HostOrder): ShimAsset | undefined {
  const { handler, binary, version, options } = order;
  const pin = pinOf(order, source);
  const common = { handler, binary, version, arch, options, pin };
  switch (source.kind) {
    case 'bundled': {
      const all = readAssets(run.assets);
      const here = all.find((asset) => asset.binary === binary && asset.arch === arch);
      if (here?.version === version) return { ...here, ...common };
      const has = all.map((asset) => `${asset.binary} ${asset.version} for ${asset.arch}`).join(', ') || 'none';
      throw new Rejected(
        `the installer's image does not bundle ${binary} ${version} for ${arch}; it has ${has}`,
        'SourceMissing',
      );
    }
    case 'image': {
      const file = fileOf(run.mounts, order.name, source.path);
      const problem = elfProblem(headOf(file), arch);
      if (problem !== undefined) throw new Rejected(`${source.path} of ${source.reference}: ${problem}`, 'WrongArch');
      return { ...common, sha256: sha256Of(file), file };
    }
    case 'https': {
      const kept = findBrought(run.host, prefix, handler, binary, pin ?? '');
      return kept === undefined ? undefined : { ...common, sha256: kept.sha256, file: run.host.at(kept.path) };
    }
  }
}

/** A file of an image that the operator has mounted: a regular one, of that image. */
function fileOf(mounts: string, name: string, path: string): string {
  const root = join(mounts, name);
  const file = join(root, path);
  const found = lstatSync(file, { throwIfNoEntry: false });
  if (found === undefined) throw new Rejected(`the image has no ${path}`, 'SourceMissing');
  // A link may well lead on within the image, as distributions have them; it may not lead into this container.
  const real = found.isSymbolicLink() ? realpathSync(file) : file;
  if (!real.startsWith(`${resolve(root)}/`) || lstatSync(real).isFile() === false)
    throw new Rejected(`${path} of the image is no file of it`, 'ArchiveRejected');
  return real;
}

async function fetchAll(run: Run, facts: Facts, missing: readonly HostOrder[]): Promise<readonly ShimAsset[]> {
  const deadline = AbortSignal.timeout(run.fetch.limits.deadlineMs);
  const signal = AbortSignal.any([run.signal, deadline]);
  const brought: ShimAsset[] = [];
  for (const { order, source } of missing) {
    if (source.kind !== 'https') continue;
    const directory = join(FETCHED, order.name);
    try {
      brought.push(await fetchShim({ order, source, arch: facts.host.arch, directory }, { ...run, signal }, facts));
    } catch (error) {
      run.signal.throwIfAborted();
      if (deadline.aborted && !(error instanceof Failure))
        throw named(order.name, new Failure('DownloadFailed', 'it was not here in time', { cause: error }));
      throw named(order.name, error);
    }
  }
  return brought;
}

const inOrder = ({ orders, shims }: Known, brought: readonly ShimAsset[]): readonly ShimAsset[] =>
  orders.flatMap(({ order }) => [...shims, ...brought].filter(({ handler }) => handler === order.handler));

function withName<T>({ order }: HostOrder, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw named(order.name, error);
  }
}

/** A person reads which shim it was; what is refused, no retry mends. */
function named(name: string, error: unknown): unknown {
  const message = `shim "${name}": ${error instanceof Error ? error.message : String(error)}`;
  if (error instanceof Rejected) return new Refusal(error.reason, message, { cause: error });
  if (error instanceof Failure) return new Failure(error.reason, message, { cause: error });
  return error;
}
