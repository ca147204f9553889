import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { JOB_LABEL, runtimeLabel } from '../../src/contract.ts';
import { printVerdict } from '../../src/verdict.ts';
import { kwok, toolDir } from '../cluster/go-tools.ts';
import type { Plane } from '../plane/plane.ts';

const HEALTH_PORT = 10_247;

/** Nodes whose names begin so have a kubelet that somebody plays by hand. */
export const BY_HAND = 'hand-';

/** From the label until the node names its handlers: any time between the two. */
export interface Naming {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Sooner than a kubelet, which looks every 10 s: for stories that are about something else. */
const PROMPT: Naming = { fromMs: 1_000, toMs: 2_000 };
/** As on nodes and API servers that are busy: two thirds of them name the handlers more than a minute later. */
export const LATE: Naming = { fromMs: 1_000, toMs: 180_000 };

/**
 * kwok in the kubelets' place: an installer's pod starts, and ends a second later with the Verdict of a node where all
 * went well. The Job controller is the real one.
 */
export async function startKubelets(plane: Plane, naming: Naming = PROMPT): Promise<void> {
  const config = join(plane.dir, 'kwok.yaml');
  writeFileSync(
    config,
    [heartbeat(), reporting(naming), running(), succeeded()].map((stage) => JSON.stringify(stage)).join('\n---\n'),
  );
  const { hostname } = plane.server;
  const args = [
    `--kubeconfig=${plane.kubeconfig}`,
    `--config=${config}`,
    '--manage-all-nodes=true',
    '--node-lease-duration-seconds=0', // no leases: nothing here looks at them
    `--server-address=${hostname}:${HEALTH_PORT}`,
  ];
  await plane.startBeside({ role: 'kwok', file: join(toolDir(kwok), 'kwok'), args }, async () =>
    fetch(`http://${hostname}:${HEALTH_PORT}/healthz`).then(
      ({ ok }) => ok,
      () => false,
    ),
  );
}

/** Proved, and not in the kubelet's own report yet: a kubelet reads containerd's handlers when that has restarted. */
const UNREPORTED =
  `(.metadata.labels["${runtimeLabel('wasmtime')}"] == "true") and ` +
  '(.status.runtimeHandlers != null) and ([.status.runtimeHandlers[].name] | index("wasmtime") == null)';

function reporting({ fromMs, toMs }: Naming): object {
  const features = '{ recursiveReadOnlyMounts: true, userNamespaces: true }';
  const handlers = ['', 'runc', 'wasmtime'].map((name) => `- { name: "${name}", features: ${features} }`);
  const unreported = [{ key: UNREPORTED, operator: 'In', values: ['true'] }];
  const status = ['runtimeHandlers:', ...handlers].join('\n');
  return stage('node-handlers', 'Node', unreported, fromMs, status, toMs);
}

function heartbeat(): object {
  const isThere = [
    { key: '.metadata.deletionTimestamp', operator: 'DoesNotExist' },
    { key: UNREPORTED, operator: 'In', values: ['false'] }, // of several stages kwok takes any
  ];
  return stage(
    'node-heartbeat',
    'Node',
    isThere,
    300_000,
    `
{{ $now := Now }}
conditions:
{{ range .status.conditions }}
{{ if ne .type "KwasmReady" }}
- lastHeartbeatTime: {{ $now | Quote }}
  lastTransitionTime: {{ .lastTransitionTime | Quote }}
  message: {{ .message | Quote }}
  reason: {{ .reason | Quote }}
  status: {{ .status | Quote }}
  type: {{ .type | Quote }}
{{ end }}
{{ end }}`,
  );
}

function running(): object {
  return podStage('pod-running', 'Pending', 100, 'Running', 'running: { startedAt: {{ $now | Quote }} }', true);
}

function succeeded(): object {
  const verdict = printVerdict({
    kind: 'kwasm.sh/verdict',
    version: 1,
    outcome: 'installed',
    reason: 'Installed',
    message: '',
    handlers: ['wasmtime'],
    containerd: { version: '2.1.5', unit: 'containerd.service', config: '/etc/containerd/config.toml' },
    files: ['/etc/containerd/config.toml', '/etc/containerd/kwasm.d/kwasm.toml'],
    steps: [{ name: 'restart', ms: 900 }],
  });
  const ended = `terminated:
      exitCode: 0
      reason: Completed
      message: '${verdict}'
      startedAt: {{ $now | Quote }}
      finishedAt: {{ $now | Quote }}`;
  return podStage('pod-succeeded', 'Running', 1_000, 'Succeeded', ended, false);
}

function podStage(name: string, from: string, afterMs: number, to: string, state: string, ready: boolean): object {
  const status = ready ? '"True"' : '"False"';
  const isOurs = [
    { key: '.metadata.deletionTimestamp', operator: 'DoesNotExist' },
    { key: `.metadata.labels["${JOB_LABEL}"]`, operator: 'In', values: ['true'] },
    { key: '.status.phase', operator: 'In', values: [from] },
    { key: `.spec.nodeName | startswith("${BY_HAND}")`, operator: 'In', values: ['false'] },
  ];
  return stage(
    name,
    'Pod',
    isOurs,
    afterMs,
    `
{{ $now := Now }}
phase: ${to}
startTime: {{ $now | Quote }}
conditions:
- { type: Ready, status: ${status}, lastTransitionTime: {{ $now | Quote }} }
- { type: ContainersReady, status: ${status}, lastTransitionTime: {{ $now | Quote }} }
containerStatuses:
{{ range .spec.containers }}
- name: {{ .name | Quote }}
  image: {{ .image | Quote }}
  ready: ${ready}
  restartCount: 0
  state:
    ${state}
{{ end }}`,
  );
}

function stage(
  name: string,
  kind: string,
  matchExpressions: readonly object[],
  afterMs: number,
  statusTemplate: string,
  untilMs = afterMs * 2,
): object {
  return {
    apiVersion: 'kwok.x-k8s.io/v1alpha1',
    kind: 'Stage',
    metadata: { name },
    spec: {
      resourceRef: { apiGroup: 'v1', kind },
      selector: { matchExpressions },
      delay: { durationMilliseconds: afterMs, jitterDurationMilliseconds: untilMs },
      next: { statusTemplate },
    },
  };
}
