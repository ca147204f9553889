import { join } from 'node:path/posix';
import { HOST } from '../../contract.ts';
import { MICROK8S_PREFIX } from './distribution.ts';

/** A shim that is here to be installed: one line of the image's shims.json, or what an order brought. */
export interface ShimAsset {
  readonly handler: string;
  readonly binary: string;
  readonly version: string;
  readonly arch: string;
  readonly sha256: string;
  /** Path below the assets directory, or an absolute one of this container. */
  readonly file: string;
  /** For `runtimes.<handler>.options`, as ordered. */
  readonly options?: HandlerOptions | undefined;
  /** Of an ordered one: what it was made of. Kept beside the binary, so that another run of the same order brings nothing. */
  readonly pin?: string | undefined;
}

export type HandlerOptions = Readonly<Record<string, string | number | boolean>>;

/** Wherever a host may have shims of ours: those of a distribution it no longer runs are found, too. */
export const PREFIXES: readonly string[] = [HOST.prefix, MICROK8S_PREFIX];
export const shimsBelow = (prefix: string): string => join(prefix, 'shims');

/**
 * Named by content, so that an upgrade never replaces a binary that a running pod's shim came from: containerd deletes a
 * bundle whose shim no longer resolves (kata-containers#12761). Not `/opt/kwasm/bin`: k3s scans it and would emit a
 * handler of its own that cannot work.
 */
export function shimPath(shim: ShimAsset, prefix: string): string {
  return join(shimsBelow(prefix), shim.handler, shim.sha256.slice(0, 16), shim.binary);
}
