import { readFileSync, writeFileSync } from 'node:fs';

/**
 * The few settings that belong to the whole machine and that nodes cannot do without. Each is only ever raised, what we
 * found is written down with the cluster, and the last cluster to go puts it back.
 */
const AT_LEAST: Readonly<Record<string, number>> = {
  'net.ipv4.ip_forward': 1,
  // All nodes and everything else of root share these: with the usual 128 the third kubelet fails on "too many open files".
  'fs.inotify.max_user_instances': 8192,
  'fs.inotify.max_user_watches': 524288,
};

export type Sysctls = Readonly<Record<string, number>>;

export interface SysctlPort {
  read(name: string): number;
  write(name: string, value: number): void;
}

/** What is too low here, as we found it; what another cluster of ours raised counts as that one found it. */
export function tooLow(found: Sysctls, others: readonly Sysctls[]): Sysctls {
  const before: Record<string, number> = {};
  for (const [name, least] of Object.entries(AT_LEAST)) {
    const original = others.map((other) => other[name]).find((value) => value !== undefined);
    const value = original ?? found[name] ?? least;
    if (value < least) before[name] = value;
  }
  return before;
}

export function readSysctls(port: SysctlPort = kernel): Sysctls {
  return Object.fromEntries(Object.keys(AT_LEAST).map((name) => [name, port.read(name)]));
}

export function raise(before: Sysctls, port: SysctlPort = kernel): void {
  for (const name of Object.keys(before)) {
    const least = AT_LEAST[name];
    if (least !== undefined && port.read(name) < least) port.write(name, least);
  }
}

/** A value that somebody has changed since is theirs. */
export function restore(before: Sysctls, port: SysctlPort = kernel): void {
  for (const [name, value] of Object.entries(before)) if (port.read(name) === AT_LEAST[name]) port.write(name, value);
}

const kernel: SysctlPort = {
  read: (name) => Number(readFileSync(fileOf(name), 'utf8')),
  write: (name, value) => writeFileSync(fileOf(name), String(value)),
};

function fileOf(name: string): string {
  return `/proc/sys/${name.replaceAll('.', '/')}`;
}
