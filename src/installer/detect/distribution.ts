import type { Daemon } from './daemon.ts';

/** Those that render containerd's configuration at each start, known by where their daemon lives. */
const GENERATORS = [
  { name: 'RKE2', at: /\/rke2\// },
  { name: 'K3s', at: /\/k3s\// },
  { name: 'k0s', at: /\/k0s\// },
  { name: 'MicroK8s', at: /\/(snap\/)?microk8s\// },
] as const;

export function generatorOf({ socket, binary, configFlag = '' }: Daemon): string | undefined {
  const paths = [configFlag, binary, socket];
  return GENERATORS.find(({ at }) => paths.some((path) => at.test(path)))?.name;
}

const OTHER_RUNTIMES: Readonly<Record<string, string>> = { crio: 'CRI-O', 'cri-dockerd': 'Docker (cri-dockerd)' };

/** undefined: containerd, by whatever name its program goes. */
export function otherRuntime(program: string, runtimeName: string): string | undefined {
  if (program in OTHER_RUNTIMES) return OTHER_RUNTIMES[program];
  return runtimeName === 'containerd' ? undefined : runtimeName;
}
