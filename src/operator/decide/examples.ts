import { resolveShim } from '../../shims/resolve.ts';
import { EXIT_CODES, type Outcome, printVerdict, type Verdict } from '../../verdict.ts';
import { CANARY_DEFAULTS } from './canary-policy.ts';
import type { Facts } from './facts.ts';
import type { Policy } from './policy.ts';
import { ROLLOUT_DEFAULTS } from './rollout/policy.ts';
import type { ContainerState, JobView, NodeView, PodView } from './view.ts';

/** A settled world for tests to change one thing of. */

export const NOW_MS = Date.UTC(2026, 0, 2, 3, 4, 5);

export const policy: Policy = {
  namespace: 'kwasm',
  mode: 'jobs',
  autoProvision: false,
  installer: {
    image: 'registry.example/kwasm-node-installer:1',
    installImage: 'registry.example/kwasm-node-installer:1',
    imagePullPolicy: 'IfNotPresent',
    imagePullSecrets: [],
    priorityClassName: '',
    tolerations: [],
    resources: {},
    env: [],
    caConfigMap: '',
    mirror: '',
    switchSeconds: 0,
    deadlineSeconds: 900,
    attemptsMax: 2,
    ttlSecondsAfterFinished: 3600,
  },
  runtimeClasses: [{ name: 'wasmtime', handler: 'wasmtime' }],
  shims: [resolveShim('wasmtime')],
  uninstall: { policy: 'Block', perNode: false, timeoutSeconds: 900 },
  rollout: ROLLOUT_DEFAULTS,
  canary: CANARY_DEFAULTS,
  startupTaint: '',
  drift: { proofHours: null },
  ownNode: undefined,
};

export const THIRD_PARTY = 'ghcr.io/spinframework/containerd-shim-spin/node-installer:v0.23.0';
export const guardedPolicy: Policy = { ...policy, installer: { ...policy.installer, installImage: THIRD_PARTY } };

export function nodeView(change: Partial<NodeView> = {}): NodeView {
  return {
    name: 'n1',
    uid: 'node-uid-1',
    leaving: false,
    trigger: { annotation: 'true', label: undefined },
    uninstallPolicy: { annotation: undefined, label: undefined },
    shims: undefined,
    os: 'linux',
    ready: true,
    machineId: 'machine-1',
    bootId: 'boot-1',
    runtime: 'containerd://2.1.4',
    handlers: [],
    kind: 'kubernetes, Debian GNU/Linux 12 (bookworm), containerd 2.1, amd64',
    zone: '',
    controlPlane: false,
    taints: [],
    startupTaint: [],
    paused: false,
    retry: false,
    mountsImages: false,
    labels: {},
    provisionedLabel: undefined,
    runtimeLabels: [],
    record: undefined,
    condition: undefined,
    ...change,
  };
}

export function jobView(change: Partial<JobView> = {}): JobView {
  return {
    name: 'n1-provision-kwasm',
    uid: 'job-1',
    node: 'n1',
    nodeUid: 'node-uid-1',
    action: 'install',
    proves: undefined,
    desired: undefined,
    shims: undefined,
    image: policy.installer.image,
    guarded: false,
    machineId: 'machine-1',
    createdMs: NOW_MS - 60_000,
    leaving: false,
    end: undefined,
    ...change,
  };
}

export function podView(state: ContainerState, change: Partial<PodView> = {}): PodView {
  const phases = { waiting: 'Pending', running: 'Running', ended: 'Failed' } as const;
  const good = state.kind === 'ended' && state.exitCode === 0;
  return {
    name: 'n1-provision-kwasm-abcde',
    uid: 'pod-1',
    node: 'n1',
    jobUid: 'job-1',
    createdMs: NOW_MS - 50_000,
    phase: good ? 'Succeeded' : phases[state.kind],
    reason: '',
    message: '',
    containers: [{ name: 'kwasm-provision', state }],
    agent: undefined,
    ...change,
  };
}

export function said(outcome: Outcome, handlers: readonly string[] = [], more: Partial<Verdict> = {}): ContainerState {
  const text = printVerdict({
    kind: 'kwasm.sh/verdict',
    version: 1,
    outcome,
    reason: 'Because',
    message: 'This is what happened.',
    handlers: [...handlers],
    containerd: { version: '2.1.4', unit: 'containerd.service', config: '/etc/containerd/config.toml' },
    files: [],
    steps: [],
    ...more,
  });
  return { kind: 'ended', exitCode: EXIT_CODES[outcome], reason: 'Completed', text };
}

export function facts(change: Partial<Facts> = {}): Facts {
  return {
    node: nodeView(),
    jobs: [],
    pods: [],
    refusals: new Map(),
    asked: new Set(),
    classes: [],
    heardForMs: 3_600_000,
    turn: { kind: 'go' },
    ending: undefined,
    ...change,
  };
}
