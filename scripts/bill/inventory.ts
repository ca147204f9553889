import { join } from 'node:path';

const IMAGES = join(import.meta.dirname, '../../installer-image');

/** The crates that become shims; crates.json beside each Cargo.lock says what is in its binary. */
export const SHIM_CRATES = [join(IMAGES, 'shim'), join(IMAGES, 'shim-wasmi')] as const;

export function licenceFile(root: string): string {
  return join(root, 'installer-image/THIRD-PARTY-LICENSES');
}
