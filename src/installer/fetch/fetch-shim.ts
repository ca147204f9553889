import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Order, Source } from '../../shims/order.ts';
import { assertRoom } from '../apply/space.ts';
import type { Facts } from '../plan/facts.ts';
import { type ShimAsset, shimsBelow } from '../plan/shim.ts';
import type { Run } from '../run.ts';
import { pinOf, sha256Of } from './brought.ts';
import { download } from './download.ts';
import { elfProblem, formatOf } from './format.ts';
import type { FetchLimits } from './limits.ts';
import { type Mirror, shownUrl } from './place.ts';
import { Rejected } from './rejected.ts';
import { openDispatcher, type Proxies } from './request.ts';
import { headOf, namesOf, unpack } from './unpack.ts';

/** What a site says about how downloads go. */
export interface FetchSettings {
  readonly mirror: Mirror | undefined;
  readonly proxies: Proxies;
  readonly limits: FetchLimits;
  readonly random: () => number;
}

export interface Wish {
  readonly order: Order;
  readonly source: Source & { readonly kind: 'https' };
  readonly arch: string;
  /** On the host, this shim's own. */
  readonly directory: string;
}

/** Downloads a shim and takes it out of its archive. What comes back is the ordered binary for this host, by proof. */
export async function fetchShim(wish: Wish, run: Run, { runtime }: Facts): Promise<ShimAsset> {
  const { order, source, arch, directory } = wish;
  const { host, clock, log, signal, fetch } = run;
  const { binary, handler, version, options } = order;
  const at = host.at(directory);
  mkdirSync(at, { recursive: true, mode: 0o700 });
  const archive = join(at, 'download');
  const room = (bytes: number) => assertRoom(host, [{ path: directory, bytes }]);
  const dispatcher = openDispatcher(fetch.proxies, fetch.limits);
  try {
    const wanted = { url: source.url, sha256: source.sha256, sizeMax: source.sizeMax, to: archive };
    await download(wanted, { ...fetch, dispatcher, clock, log, room, signal });
  } finally {
    await dispatcher.destroy();
  }
  // The binary is here twice for a moment: unpacked, and where it belongs.
  const prefix = runtime.kind === 'containerd' ? shimsBelow(runtime.distribution.prefix) : directory;
  const roomTwice = (bytes: number) =>
    assertRoom(
      host,
      [directory, prefix].map((path) => ({ path, bytes })),
    );
  const file = join(at, 'binary');
  await takeOut(archive, file, source.member ?? binary, run, roomTwice);
  const problem = elfProblem(headOf(file), arch);
  if (problem !== undefined) throw new Rejected(`${shownUrl(source.url)}: ${problem}`, 'WrongArch');
  return { handler, binary, version, arch, options, sha256: sha256Of(file), file, pin: pinOf(order, source) };
}

async function takeOut(
  archive: string,
  to: string,
  member: string,
  { fetch: { limits }, signal }: Run,
  room: (bytes: number) => void,
): Promise<void> {
  if (formatOf(headOf(archive)).kind === 'elf') {
    renameSync(archive, to);
    return;
  }
  const wanted = [{ path: member, to, bytesMax: limits.binaryBytesMax }];
  const held = await unpack(archive, wanted, { room, signal });
  if (!held.includes(member)) throw new Rejected(`the archive has no ${member}; it has ${namesOf(held)}`);
  rmSync(archive);
}
