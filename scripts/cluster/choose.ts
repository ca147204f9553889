import { existsSync, readFileSync } from 'node:fs';
import { Terminal } from '../../src/errors.ts';
import { isDebian } from '../toolchain/packages.ts';
import type { ProviderKind } from './arguments.ts';
import { succeeds } from './command.ts';

export interface Choice {
  readonly provider: ProviderKind;
  readonly why: string;
}

export interface Machine {
  readonly docker: boolean;
  readonly root: boolean;
  readonly debian: boolean;
}

/** kind where Docker answers, since it is there in a minute; else machines of our own. */
export function choose(machine: Machine, wanted: ProviderKind | undefined): Choice {
  if (wanted !== undefined) return { provider: wanted, why: 'asked for' };
  if (machine.docker)
    return { provider: 'kind', why: 'Docker answers on this machine; --provider local is the other one' };
  if (machine.root && machine.debian) {
    return { provider: 'local', why: 'no Docker answers, and we are root on Debian or Ubuntu' };
  }
  const missing = machine.debian ? 'not root' : 'not Debian or Ubuntu';
  throw new Terminal(
    `no way to make a cluster here: no Docker answers (for --provider kind), and this is ${missing} (for --provider local)`,
  );
}

export async function thisMachine(): Promise<Machine> {
  const osRelease = existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : '';
  return {
    docker: await succeeds('docker', ['info'], { timeoutMs: 15_000 }),
    root: process.getuid?.() === 0,
    debian: isDebian(osRelease),
  };
}
