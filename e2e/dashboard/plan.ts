import type { Verdict } from '../../src/verdict.ts';
import type { NodePlan, RunPlan } from './population.ts';

const MINUTE_MS = 60_000;

interface Kind {
  readonly share: number;
  readonly prefix: string;
  readonly info: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
}

const KINDS: readonly Kind[] = [
  {
    share: 0.64,
    prefix: 'ip-10-64',
    info: info('Amazon Linux 2023.9.20261014', 'containerd://2.1.5', 'v1.36.3-eks-1a2b3c', 'amd64'),
    labels: { 'eks.amazonaws.com/nodegroup': 'general' },
  },
  {
    share: 0.24,
    prefix: 'ip-10-96',
    info: info('Amazon Linux 2023.9.20261014', 'containerd://2.1.5', 'v1.36.3-eks-1a2b3c', 'arm64'),
    labels: { 'eks.amazonaws.com/nodegroup': 'graviton' },
  },
  {
    share: 0.12,
    prefix: 'ip-10-128',
    info: info('Ubuntu 22.04.5 LTS', 'containerd://1.7.29', 'v1.35.6', 'amd64'),
    labels: { 'karpenter.sh/nodepool': 'batch' },
  },
];

const PODS_AT_RISK =
  'pods team-a/checkout-7d9f and team-b/search-5c2a run on a shim that a restart of containerd would end [PodsAtRisk]';
const ROLLED_BACK =
  'containerd did not serve wasmtime within 30 s after the restart; the node is as it was [HandlerNotServed]';

/** The node of this index: mostly what a healthy rollout looks like, with each kind of trouble in it. */
export function planOf(index: number, count: number): NodePlan {
  const { kind, rank, size, which } = placeOf(index, count);
  const labels = { ...kind.labels, 'topology.kubernetes.io/zone': `eu-central-1${'abc'[index % 3]}` };
  const name = `${kind.prefix}-${rank >> 8}-${rank & 255}.eu-central-1.compute.internal`;
  const base = { name, labels, info: kind.info, asked: true, ready: true, cordoned: false };
  const at = rank / size;
  const nothing = { handlers: [], attempts: 0, run: undefined };
  const says = (reason: NonNullable<NodePlan['says']>['reason'], message: string, agoMs: number, more = {}) => ({
    ...base,
    ...nothing,
    says: { reason, message, agoMs },
    ...more,
  });
  if (which === 2) {
    // Ubuntu: its canary was rolled back twice, so the rest is held; some are not asked for at all.
    if (rank === 0) {
      const run = { action: 'install', agoMs: 22 * MINUTE_MS, verdict: rolledBack() } as const;
      return says('RolledBack', ROLLED_BACK, 21 * MINUTE_MS, { attempts: 2, run });
    }
    if (at > 0.7) return { ...base, ...nothing, asked: false, says: undefined };
    return says(
      'RolloutStopped',
      `${kind.prefix}-0-0.eu-central-1.compute.internal failed: RolledBack`,
      21 * MINUTE_MS,
    );
  }
  const done = which === 0 ? 0.9 : 0.4;
  if (at < done) {
    const agoMs = Math.round((done - at) * 90) * MINUTE_MS + 40_000;
    const handlers = rank % 5 === 0 ? ['spin', 'wasmtime'] : ['wasmtime'];
    const run: RunPlan | undefined =
      rank % Math.ceil(size / 12) === 1 ? { action: 'install', agoMs: agoMs + 9_000, verdict: installed() } : undefined;
    if (rank % 211 === 17) return says('PodsAtRisk', PODS_AT_RISK, 3 * MINUTE_MS + rank * 100, { attempts: 1 });
    if (rank % 997 === 7) return says('ImagePullFailed', PULL, 6 * MINUTE_MS, { attempts: 6 });
    return says('Provisioned', `${handlers.join(', ')} live on this node`, agoMs, { handlers, run });
  }
  if (at < done + 0.02) {
    const run = { action: 'install', agoMs: 4_000, verdict: undefined } as const;
    return says('Installing', 'the install Job works on this node', 5_000 + (rank % 7) * 1_000, { run });
  }
  if (rank % 89 === 3)
    return says('NodeNotReady', 'the kubelet does not report the node as Ready', 40 * MINUTE_MS, { ready: false });
  return says('Waiting', 'not its turn: 37 nodes are in work', 30 * MINUTE_MS, { cordoned: rank % 61 === 5 });
}

const PULL = 'registry.example/kwasm-node-installer:0.3.0: ErrImagePull: 403 Forbidden';

function placeOf(index: number, count: number) {
  let before = 0;
  for (const [which, kind] of KINDS.entries()) {
    const size = which === KINDS.length - 1 ? count - before : Math.round(kind.share * count);
    if (index < before + size) return { kind, which, size, rank: index - before };
    before += size;
  }
  throw new Error(`there is no node ${index} of ${count}`);
}

function info(osImage: string, containerRuntimeVersion: string, kubeletVersion: string, architecture: string) {
  const rest = { bootID: '', kernelVersion: '6.12.46', kubeProxyVersion: '', machineID: '', systemUUID: '' };
  return { ...rest, osImage, containerRuntimeVersion, kubeletVersion, architecture, operatingSystem: 'linux' };
}

const BEFORE = [
  { name: 'detect', ms: 180 },
  { name: 'stage shims', ms: 640 },
  { name: 'back up', ms: 60 },
  { name: 'validate', ms: 1_350 },
  { name: 'arm switch', ms: 90 },
  { name: 'write config', ms: 40 },
  { name: 'restart', ms: 2_800 },
];

function installed(): Verdict {
  return verdict('installed', 'Installed', '', [...BEFORE, { name: 'verify', ms: 900 }, { name: 'clean up', ms: 70 }]);
}

function rolledBack(): Verdict {
  const steps = [...BEFORE, { name: 'verify', ms: 30_000 }, { name: 'roll back', ms: 3_400 }];
  return verdict(
    'rolledBack',
    'HandlerNotServed',
    'containerd came back without wasmtime; the node is as it was',
    steps,
  );
}

function verdict(outcome: Verdict['outcome'], reason: string, message: string, steps: Verdict['steps']): Verdict {
  return {
    kind: 'kwasm.sh/verdict',
    version: 1,
    outcome,
    reason,
    message,
    handlers: outcome === 'installed' ? ['wasmtime'] : [],
    containerd: { version: '2.1.5', unit: 'containerd.service', config: '/etc/containerd/config.toml' },
    files: ['/etc/containerd/conf.d/kwasm.toml'],
    steps,
  };
}
