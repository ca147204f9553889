import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path/posix';
import type { Host } from '../host.ts';

const K3S_SOCKET = '/run/k3s/containerd/containerd.sock';
const K3S_DOCKER_SOCKET = '/run/k3s/cri-dockerd/cri-dockerd.sock';
/** Where a CRI runtime listens, if no kubelet says so. */
const KNOWN_SOCKETS = [
  '/run/containerd/containerd.sock',
  K3S_SOCKET,
  '/run/k0s/containerd.sock',
  '/var/snap/microk8s/common/run/containerd.sock',
  '/run/crio/crio.sock',
  '/run/cri-dockerd.sock',
];

/** The kubelet's own runtime: a host may run a second containerd for Docker, which is not ours to change. */
export function criSockets(host: Host): readonly string[] {
  for (const pid of ofTheHost(
    host,
    processIds(host).filter((one) => isKubelet(host, one)),
  )) {
    const endpoints = endpointsOfProcess(host, pid);
    if (endpoints.length > 0) return endpoints.map((endpoint) => endpoint.replace(/^unix:(?:\/\/)?/, ''));
  }
  return KNOWN_SOCKETS;
}

const KUBELETS: readonly string[] = ['kubelet', 'kubelite', 'k3s-server', 'k3s-agent'];
const isKubelet = (host: Host, pid: number): boolean => KUBELETS.includes(readProcess(host, pid, 'comm').trim());

/** A pod's control group, by either driver. */
const POD_GROUP = /[/-]pod[0-9a-f]{8}/;

/**
 * Without those in pods, where there are others: a pod may hold a whole cluster (vcluster, kind, K3s), of lower process
 * numbers than a kubelet that was restarted since.
 */
export function ofTheHost(host: Host, pids: readonly number[]): readonly number[] {
  const outside = pids.filter((pid) => !POD_GROUP.test(readProcess(host, pid, 'cgroup')));
  return outside.length > 0 ? outside : pids;
}

/** What a kubelet talks to, whether it is a process of its own or a part of K3s' or of MicroK8s'. */
function endpointsOfProcess(host: Host, pid: number): readonly string[] {
  const args = commandLine(host, pid);
  switch (readProcess(host, pid, 'comm').trim()) {
    case 'kubelet':
      return known(flag(args, 'container-runtime-endpoint') ?? endpointOfFiles(host, args));
    case 'kubelite':
      return known(endpointOfSnap(host, flag(args, 'kubelet-args-file')));
    case 'k3s-server':
    case 'k3s-agent':
      // K3s hides its arguments; the containerd that it started shows its own.
      return [childAddress(host, pid) ?? K3S_SOCKET, K3S_DOCKER_SOCKET];
    default:
      return [];
  }
}

const known = (endpoint: string | undefined): readonly string[] => (endpoint === undefined ? [] : [endpoint]);

/** The configuration file, then those of its directory in order; the last that says something wins. */
function endpointOfFiles(host: Host, args: readonly string[]): string | undefined {
  const file = flag(args, 'config');
  const directory = flag(args, 'config-dir');
  const more = directory === undefined ? [] : filesOf(host, directory).filter((path) => path.endsWith('.conf'));
  const texts = [...(file === undefined ? [] : [file]), ...more].map((path) => readText(host, path));
  return texts
    .map(endpointOf)
    .filter((endpoint) => endpoint !== undefined)
    .at(-1);
}

/** MicroK8s: one argument a line, with the snap's variables. */
function endpointOfSnap(host: Host, file: string | undefined): string | undefined {
  if (file === undefined) return undefined;
  const text = readText(host, file)
    .replaceAll(/\$\{?SNAP_COMMON\}?/g, '/var/snap/microk8s/common')
    .replaceAll(/\$\{?SNAP_DATA\}?/g, '/var/snap/microk8s/current');
  return flag(text.split(/\s+/), 'container-runtime-endpoint');
}

function childAddress(host: Host, parent: number): string | undefined {
  const child = processIds(host).find(
    (pid) => parentPid(host, pid) === parent && readProcess(host, pid, 'comm').trim() === 'containerd',
  );
  if (child === undefined) return undefined;
  const args = commandLine(host, child);
  return flag(args, 'address') ?? flag(args, 'a');
}

/** YAML's top level, or JSON, which some write with indents. */
export function endpointOf(kubeletConfig: string): string | undefined {
  if (kubeletConfig.trimStart().startsWith('{')) {
    const named = /"containerRuntimeEndpoint"\s*:\s*"([^"]+)"/.exec(kubeletConfig);
    return named?.[1];
  }
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

/** 0 once it has ended. */
export function parentPid(host: Host, pid: number): number {
  return Number(statFields(host, pid)[1] ?? 0);
}

/** When it began, in clock ticks since boot: tells it from a later process of the same number. Empty once it has ended. */
export function startTicks(host: Host, pid: number): string {
  return statFields(host, pid)[19] ?? '';
}

/** From the third on: the second is the name, which may hold anything. */
function statFields(host: Host, pid: number): readonly string[] {
  const stat = readProcess(host, pid, 'stat');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

/** Empty for a process that has ended meanwhile. */
export function readProcess(host: Host, pid: number, file: string): string {
  try {
    return readFileSync(host.process(pid, file), 'utf8');
  } catch {
    return '';
  }
}

function filesOf(host: Host, directory: string): readonly string[] {
  const at = host.at(directory);
  return existsSync(at)
    ? readdirSync(at)
        .sort()
        .map((name) => join(directory, name))
    : [];
}

function readText(host: Host, path: string): string {
  const at = host.at(path);
  return existsSync(at) ? readFileSync(at, 'utf8') : '';
}
