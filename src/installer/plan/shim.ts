import { join } from 'node:path/posix';
import { HOST } from '../../contract.ts';

/** One line of the image's shims.json. */
export interface ShimAsset {
  readonly handler: string;
  readonly binary: string;
  readonly version: string;
  readonly arch: string;
  readonly sha256: string;
  /** Path below the assets directory. */
  readonly file: string;
}

export const SHIMS_DIR = join(HOST.prefix, 'shims');

/**
 * Named by content, so that an upgrade never replaces a binary that a running pod's shim came from: containerd deletes a
 * bundle whose shim no longer resolves (kata-containers#12761). Not `/opt/kwasm/bin`: k3s scans it and would emit a
 * handler of its own that cannot work.
 */
export function shimPath(shim: ShimAsset, prefix: string = HOST.prefix): string {
  return join(prefix, 'shims', shim.handler, shim.sha256.slice(0, 16), shim.binary);
}
