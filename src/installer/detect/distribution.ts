import { basename, dirname, join } from 'node:path/posix';
import { exists, type Host } from '../host.ts';
import { distribution } from '../plan/distribution.ts';
import type { Distribution, DistributionKind, Platform, Reload } from '../plan/facts.ts';
import type { Daemon } from './daemon.ts';

/** The configuration that each starts its daemon with: constants of theirs, below a data directory that may be moved. */
const RANCHER = /\/agent\/etc\/containerd\/config\.toml$/;
const MICROK8S = /^\/var\/snap\/microk8s\/[^/]+\/args\/containerd\.toml$/;
const K0S = '/etc/k0s/containerd.toml';
const RELEASE_TIMEOUT_MS = 20_000;

/** By the running daemon's own command line and by who started it, not by what else lies on the disk. */
export function kindOf({ configFlag = '', parent, unit }: Daemon): DistributionKind {
  if (RANCHER.test(configFlag))
    return basename(parent?.binary ?? '') === 'rke2' || unit.startsWith('rke2') ? 'rke2' : 'k3s';
  if (configFlag === K0S) return 'k0s';
  return MICROK8S.test(configFlag) ? 'microk8s' : 'generic';
}

export async function readDistribution(host: Host, daemon: Daemon, watches: boolean): Promise<Distribution> {
  const kind = kindOf(daemon);
  const asked = kind === 'k3s' || kind === 'rke2' ? daemon.parent : undefined;
  const release = asked === undefined ? '' : await releaseOfProgram(host, asked.binary);
  return distribution(kind, release, reloadOf(daemon, watches));
}

export function reloadOf({ parent }: Daemon, watches: boolean): Reload {
  if (parent === undefined) return { kind: 'unit' };
  return { kind: watches ? 'watched' : 'parentUnit', parentPid: parent.pid };
}

/**
 * K3s unpacks each release beside the last and points `current` at it: where that is not what runs, the next start is an
 * upgrade, which must not happen by way of ours.
 */
export function awaitsUpgrade(host: Host, { binary }: Daemon): boolean {
  const release = dirname(dirname(binary));
  const current = join(dirname(release), 'current');
  return basename(dirname(release)) === 'data' && exists(host, current) && host.resolve(current) !== release;
}

/** `k3s version v1.33.1+k3s1 (hash)`; empty where it says nothing of the kind. */
async function releaseOfProgram(host: Host, program: string): Promise<string> {
  const done = await host.run([program, '--version'], { timeoutMs: RELEASE_TIMEOUT_MS });
  return /\bv(\d+\.\d+\.\d+\S*)/.exec(done.stdout)?.[1] ?? '';
}

/** Files that only their makers put there. Their plans are the generic ones; what they do to them is worth a line. */
const PLATFORMS: readonly (Platform & { readonly file: string })[] = [
  { file: '/kind/version', name: 'kind', note: 'a new cluster begins without the change' },
  {
    file: '/var/lib/minikube',
    name: 'minikube',
    note: 'a restart of minikube writes config.toml anew; the operator installs again when it sees the handlers gone',
  },
  { file: '/etc/eks', name: 'EKS', note: 'config.toml is written anew at boot, the drop-in directory is not' },
  { file: '/etc/kubernetes/azure.json', name: 'AKS', note: 'stopping and starting a node pool makes new nodes' },
  { file: '/home/kubernetes/kube-env', name: 'GKE', note: 'an upgrade or a repair makes a new node' },
];

export const platformOf = (host: Host): Platform | undefined => {
  const found = PLATFORMS.find(({ file }) => exists(host, file));
  return found === undefined ? undefined : { name: found.name, note: found.note };
};

const OTHER_RUNTIMES: Readonly<Record<string, string>> = { crio: 'CRI-O', 'cri-dockerd': 'Docker (cri-dockerd)' };

/** undefined: containerd, by whatever name its program goes. */
export function otherRuntime(program: string, runtimeName: string): string | undefined {
  if (program in OTHER_RUNTIMES) return OTHER_RUNTIMES[program];
  if (runtimeName === 'containerd') return undefined;
  return runtimeName === 'docker' ? OTHER_RUNTIMES['cri-dockerd'] : runtimeName;
}
