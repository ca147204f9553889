import { mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Order, Signature, Source } from '../../shims/order.ts';
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
import { assertSigned, NOT_CHECKED } from './signature.ts';
import { headOf, namesOf, unpack } from './unpack.ts';

const SIGNATURE_BYTES_MAX = 64 * 1024;

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
  const member = source.member ?? binary;
  await takeOut(archive, file, member, source.signature, { run, room: roomTwice });
  const problem = elfProblem(headOf(file), arch);
  if (problem !== undefined) throw new Rejected(`${shownUrl(source.url)}: ${problem}`, 'WrongArch');
  return { handler, binary, version, arch, options, sha256: sha256Of(file), file, pin: pinOf(order, source) };
}

/** The file alone, or with the two beside it that say who signed it. */
async function takeOut(
  archive: string,
  to: string,
  member: string,
  signature: Signature | undefined,
  { run: { fetch, signal, log }, room }: { readonly run: Run; readonly room: (bytes: number) => void },
): Promise<void> {
  if (formatOf(headOf(archive)).kind === 'elf') {
    if (signature !== undefined)
      throw new Rejected('a signature is ordered, which a bare binary does not bring', 'SignatureInvalid');
    renameSync(archive, to);
    return;
  }
  const beside = ['sig', 'pem'].map((end) => ({
    path: `${member}.${end}`,
    to: `${to}.${end}`,
    bytesMax: SIGNATURE_BYTES_MAX,
  }));
  const signed = signature === undefined ? [] : beside;
  const wanted = [{ path: member, to, bytesMax: fetch.limits.binaryBytesMax }, ...signed];
  const held = await unpack(archive, wanted, { room, signal });
  if (!held.includes(member)) throw new Rejected(`the archive has no ${member}; it has ${namesOf(held)}`);
  rmSync(archive);
  if (signature === undefined) return;
  const missing = signed.find(({ path }) => !held.includes(path));
  if (missing !== undefined)
    throw new Rejected(`a signature is ordered, and the archive has no ${missing.path}`, 'SignatureInvalid');
  const read = (end: string) => readFileSync(`${to}${end}`);
  assertSigned({ binary: read(''), signature: read('.sig'), certificate: read('.pem') }, signature);
  log.info('signature checked', {
    of: member,
    by: signature.identity,
    issuer: signature.issuer,
    notChecked: NOT_CHECKED,
  });
}
