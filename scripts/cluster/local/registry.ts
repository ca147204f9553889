import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { downloadPackage } from '../../toolchain/packages.ts';
import { command } from '../command.ts';
import { withLock } from '../lock.ts';
import { cacheDir } from '../paths.ts';
import type { Context } from '../provider.ts';
import type { Addresses } from './addresses.ts';
import { PORTS } from './control-plane-flags.ts';
import { accepts, ensureDaemon } from './daemons.ts';

export function registryAddress(addresses: Addresses): string {
  return `${addresses.bridge}:${PORTS.registry}`;
}

/** A registry on the cluster's bridge: this machine pushes to it, the nodes pull from it. */
export async function ensureRegistry(dir: string, addresses: Addresses, context: Context): Promise<void> {
  const config = join(dir, 'registry.yaml');
  mkdirSync(join(dir, 'registry'), { recursive: true });
  writeFileSync(config, registryConfig(join(dir, 'registry'), addresses));
  const daemon = { role: 'registry', file: await registryProgram(), args: ['serve', config] };
  await ensureDaemon(dir, daemon, () => accepts(addresses.bridge, PORTS.registry), context);
}

export function registryConfig(storage: string, addresses: Addresses): string {
  const config = {
    version: '0.1',
    log: { level: 'warn', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: storage }, delete: { enabled: true } },
    http: { addr: registryAddress(addresses), headers: { 'X-Content-Type-Options': ['nosniff'] } },
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}

/** Debian's registry, unpacked and not installed: the package would start a service on every address of this machine. */
export async function registryProgram(): Promise<string> {
  const target = join(cacheDir(), 'tools', 'docker-registry');
  const program = join(target, 'usr', 'bin', 'docker-registry');
  if (existsSync(program)) return program;
  return withLock(
    `${target}.lock`,
    () => {},
    async () => {
      if (existsSync(program)) return program;
      const partial = `${target}.partial`;
      rmSync(partial, { recursive: true, force: true });
      mkdirSync(partial, { recursive: true });
      await downloadPackage('docker-registry', partial, (line) => console.error(line));
      for (const name of readdirSync(partial)) await command('dpkg-deb', ['-x', join(partial, name), partial]);
      renameSync(partial, target);
      return program;
    },
  );
}
