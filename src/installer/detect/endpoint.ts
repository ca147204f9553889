import { existsSync, readdirSync, readFileSync } from 'node:fs';
import type { Host } from '../host.ts';

/** Where a CRI runtime listens, if no kubelet says so. */
const KNOWN_SOCKETS = [
  '/run/containerd/containerd.sock',
  '/run/k3s/containerd/containerd.sock',
  '/run/k0s/containerd.sock',
  '/var/snap/microk8s/common/run/containerd.sock',
  '/run/crio/crio.sock',
  '/run/cri-dockerd.sock',
];

/** The kubelet's own runtime: a host may run a second containerd for Docker, which is not ours to change. */
export function criSockets(host: Host): readonly string[] {
  for (const pid of processIds(host)) {
    if (readProcess(host, pid, 'comm').trim() !== 'kubelet') continue;
    const args = commandLine(host, pid);
    const file = flag(args, 'config');
    const fromFile = file === undefined ? undefined : endpointOf(readText(host, file));
    const endpoint = flag(args, 'container-runtime-endpoint') ?? fromFile;
    if (endpoint !== undefined) return [endpoint.replace(/^unix:\/\//, '')];
  }
  return KNOWN_SOCKETS;
}

export function endpointOf(kubeletConfig: string): string | undefined {
  return /^"?containerRuntimeEndpoint"?:[ \t]*["']?([^"'\s#]+)/m.exec(kubeletConfig)?.[1];
}

/** `--name=value`, `-name=value` or `--name value`, as Go's flag packages take it. The last one wins. */
export function flag(args: readonly string[], name: string): string | undefined {
  let found: string | undefined;
  args.forEach((arg, index) => {
    const match = /^--?([^=]+)(?:=(.*))?$/s.exec(arg);
    if (match?.[1] === name) found = match[2] ?? args[index + 1];
  });
  return found;
}

export function processIds(host: Host): readonly number[] {
  return readdirSync(host.process('list'))
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .sort((a, b) => a - b);
}

export function commandLine(host: Host, pid: number): readonly string[] {
  return readProcess(host, pid, 'cmdline').split('\0').slice(0, -1);
}

/** When it began, in clock ticks since boot: tells it from a later process of the same number. Empty once it has ended. */
export function startTicks(host: Host, pid: number): string {
  const stat = readProcess(host, pid, 'stat');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}

/** Empty for a process that has ended meanwhile. */
export function readProcess(host: Host, pid: number, file: string): string {
  try {
    return readFileSync(host.process(pid, file), 'utf8');
  } catch {
    return '';
  }
}

function readText(host: Host, path: string): string {
  const at = host.at(path);
  return existsSync(at) ? readFileSync(at, 'utf8') : '';
}
