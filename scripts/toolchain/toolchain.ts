import { Terminal } from '../../src/errors.ts';
import { systemCargo } from './cargo.ts';
import type { Need, Toolchain, ToolchainName } from './command.ts';
import { systemGo } from './go.ts';
import { rootfsToolchain } from './rootfs.ts';

/**
 * A Go or Rust that is new enough: the system's if it is (Go fetches a newer release of itself through the module
 * proxy), else one in a root file system of Debian's newest suite, else the sentence that says what to install.
 */
export async function toolchain(name: ToolchainName, need: Need): Promise<Toolchain> {
  const system = await (name === 'go' ? systemGo(need) : systemCargo(need));
  if (system.kind === 'found') return system.toolchain;
  if (process.getuid?.() === 0) return rootfsToolchain(name, need, system.why);
  const url = name === 'go' ? 'https://go.dev/dl/' : 'https://rustup.rs/';
  throw new Terminal(`${system.why}. Install ${name} ${need.version} or newer (${url}), or run this as root`);
}
