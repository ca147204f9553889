/** What the Node object says about the machine behind it. */
export interface MachineInfo {
  readonly kubeletVersion: string;
  readonly osImage: string;
  readonly runtime: string;
  readonly arch: string;
  readonly labels: Readonly<Record<string, string>>;
}

/**
 * Nodes that are alike enough for what was proved on one to speak for the others: distribution, OS image, minor version of
 * containerd, architecture. As people read it, for conditions name it.
 */
export function nodeKind(info: MachineInfo): string {
  return [distribution(info), info.osImage, runtimeMinor(info.runtime), info.arch].filter(Boolean).join(', ');
}

/** The architecture, which ends it; undefined: the kubelet has not reported it yet. */
export function archOf(kind: string): string | undefined {
  return /, ([a-z0-9]+)$/.exec(kind)?.[1];
}

/** By the suffix that distributions give their version, or a label that only they set. */
export function distribution({ kubeletVersion, labels }: MachineInfo): string {
  const suffix = /\+(k3s|rke2|k0s)|-(eks|gke|tke|aliyun)\b/.exec(kubeletVersion);
  const named = suffix?.[1] ?? suffix?.[2];
  if (named !== undefined) return named;
  return MARKS.find(([key]) => Object.hasOwn(labels, key))?.[1] ?? 'kubernetes';
}

const MARKS: readonly (readonly [string, string])[] = [
  ['kubernetes.azure.com/cluster', 'aks'],
  ['eks.amazonaws.com/nodegroup', 'eks'],
  ['cloud.google.com/gke-nodepool', 'gke'],
  ['microk8s.io/cluster', 'microk8s'],
  ['node.openshift.io/os_id', 'openshift'],
];

export function runtimeMinor(runtime: string): string {
  const match = /^([\w-]+):\/\/v?(\d+\.\d+)/.exec(runtime);
  return match === null ? runtime : `${match[1]} ${match[2]}`;
}
