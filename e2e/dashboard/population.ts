import { type Api, inParallel } from '../../scripts/plane/api.ts';
import { JOB_ACTION_LABEL, JOB_LABEL, NODE_CONDITION, RECORD_ANNOTATION, TRIGGER } from '../../src/contract.ts';
import type { Reason } from '../../src/operator/decide/reason.ts';
import type { NodeRecord } from '../../src/operator/decide/record.ts';
import { printVerdict, type Verdict } from '../../src/verdict.ts';
import { planOf } from './plan.ts';

/**
 * A cluster in the middle of a rollout, on an API server without kubelets: nodes of three kinds, each in a state that the
 * operator would have left it in, with the Jobs and pods that belong to it.
 */
export const NAMESPACE = 'kwasm';
const WORKERS = 16;
const MERGE = 'application/merge-patch+json';

export interface NodePlan {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly info: Readonly<Record<string, string>>;
  readonly asked: boolean;
  readonly ready: boolean;
  readonly cordoned: boolean;
  /** undefined: the operator has said nothing. */
  readonly says: { readonly reason: Reason; readonly message: string; readonly agoMs: number } | undefined;
  readonly handlers: readonly string[];
  readonly attempts: number;
  readonly run: RunPlan | undefined;
}

export interface RunPlan {
  readonly action: 'install' | 'uninstall';
  readonly agoMs: number;
  /** undefined: it is still at work. */
  readonly verdict: Verdict | undefined;
}

export async function populate(api: Api, count: number, nowMs: number): Promise<readonly NodePlan[]> {
  await api.change({ method: 'POST', path: '/api/v1/namespaces', body: object('Namespace', NAMESPACE) });
  const account = { ...object('ServiceAccount', 'default'), metadata: { name: 'default', namespace: NAMESPACE } };
  await api.change({ method: 'POST', path: `/api/v1/namespaces/${NAMESPACE}/serviceaccounts`, body: account });
  const plans = Array.from({ length: count }, (_, index) => planOf(index, count));
  await inParallel(plans, WORKERS, (plan) => create(api, plan, nowMs));
  return plans;
}

export async function create(api: Api, plan: NodePlan, nowMs: number): Promise<void> {
  const made = await api.ask<{ metadata: { uid: string } }>('/api/v1/nodes', nodeObject(plan, nowMs));
  const { uid } = made.metadata;
  const record = recordOf(plan, uid, nowMs);
  if (record !== undefined) await annotate(api, plan.name, { [RECORD_ANNOTATION]: JSON.stringify(record) });
  if (plan.run !== undefined) await createRun(api, plan.name, uid, plan.run, nowMs);
}

export async function annotate(
  api: Api,
  name: string,
  annotations: Readonly<Record<string, string | null>>,
): Promise<void> {
  const body = { metadata: { annotations } };
  await api.change({ method: 'PATCH', path: `/api/v1/nodes/${name}`, body, contentType: MERGE });
}

/** What the operator writes when a node's run has ended well. */
export async function prove(api: Api, name: string, nowMs: number): Promise<void> {
  const labels = { 'runtime.kwasm.sh/wasmtime': 'true' };
  await api.change({
    method: 'PATCH',
    path: `/api/v1/nodes/${name}`,
    body: { metadata: { labels } },
    contentType: MERGE,
  });
  await say(api, name, 'Provisioned', 'wasmtime is live on this node', nowMs);
}

/** The condition alone, merged by its type, as server-side apply does. */
export async function say(api: Api, name: string, reason: Reason, message: string, nowMs: number): Promise<void> {
  const conditions = [condition({ reason, message, agoMs: 0 }, nowMs)];
  const contentType = 'application/strategic-merge-patch+json';
  await api.change({
    method: 'PATCH',
    path: `/api/v1/nodes/${name}/status`,
    body: { status: { conditions } },
    contentType,
  });
}

function nodeObject(plan: NodePlan, nowMs: number): object {
  const { name, labels, info, asked, ready, cordoned, says, handlers } = plan;
  const runtimes = Object.fromEntries(handlers.map((handler) => [`runtime.kwasm.sh/${handler}`, 'true']));
  const up = { type: 'Ready', status: ready ? 'True' : 'Unknown', reason: 'Kubelet', lastTransitionTime: time(nowMs) };
  return {
    ...object('Node', name),
    metadata: {
      name,
      labels: { 'kubernetes.io/os': 'linux', 'kubernetes.io/hostname': name, ...labels, ...runtimes },
      annotations: asked ? { [TRIGGER]: 'true' } : {},
    },
    spec: { unschedulable: cordoned },
    status: { nodeInfo: info, conditions: [up, ...(says === undefined ? [] : [condition(says, nowMs)])] },
  };
}

function condition({ reason, message, agoMs }: NonNullable<NodePlan['says']>, nowMs: number): object {
  const at = time(nowMs - agoMs);
  const status = reason === 'Provisioned' ? 'True' : 'False';
  return { type: NODE_CONDITION, status, reason, message, lastTransitionTime: at, lastHeartbeatTime: at };
}

function recordOf({ says, handlers, attempts }: NodePlan, nodeUid: string, nowMs: number): NodeRecord | undefined {
  if (says === undefined || (handlers.length === 0 && attempts === 0)) return undefined;
  return {
    version: 1,
    state: attempts === 0 ? 'installed' : 'failed',
    reason: says.reason,
    message: says.message,
    desired: 'x',
    image: 'registry.example/kwasm-node-installer:0.3.0',
    job: 'job',
    nodeUid,
    machineId: '',
    bootId: '',
    handlers,
    containerd: '2.1.5',
    touched: true,
    attempts,
    at: time(nowMs - says.agoMs),
  };
}

async function createRun(api: Api, node: string, uid: string, run: RunPlan, nowMs: number): Promise<void> {
  const { action, agoMs, verdict } = run;
  const name = `${node}-${action === 'install' ? '' : 'un'}provision-kwasm`.slice(-60).replace(/^[-.]+/, '');
  const labels = { [JOB_LABEL]: 'true', [JOB_ACTION_LABEL]: action };
  const container = { name: 'kwasm-provision', image: 'registry.example/kwasm-node-installer:0.3.0' };
  const podSpec = { restartPolicy: 'Never', nodeName: node, containers: [container] };
  const owner = { apiVersion: 'v1', kind: 'Node', name: node, uid, controller: true };
  const base = `/apis/batch/v1/namespaces/${NAMESPACE}/jobs`;
  const job = await api.ask<{ metadata: { uid: string } }>(base, {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name, labels, ownerReferences: [owner] },
    spec: { template: { metadata: { labels }, spec: podSpec }, backoffLimit: 0 },
  });
  const pods = `/api/v1/namespaces/${NAMESPACE}/pods`;
  const jobOwner = { apiVersion: 'batch/v1', kind: 'Job', name, uid: job.metadata.uid };
  const metadata = { name: `${name}-x7k2p`.slice(-63).replace(/^[-.]+/, ''), labels, ownerReferences: [jobOwner] };
  await api.change({ method: 'POST', path: pods, body: { apiVersion: 'v1', kind: 'Pod', metadata, spec: podSpec } });
  const startedMs = nowMs - agoMs;
  const spentMs = (verdict?.steps ?? []).reduce((sum, { ms }) => sum + ms, 1_200);
  const times = { startedAt: time(startedMs), finishedAt: time(startedMs + spentMs) };
  const exitCode = verdict === undefined || verdict.outcome === 'installed' ? 0 : 11;
  const state =
    verdict === undefined
      ? { running: { startedAt: times.startedAt } }
      : { terminated: { exitCode, reason: 'Completed', message: printVerdict(verdict), ...times } };
  const phase = verdict === undefined ? 'Running' : exitCode === 0 ? 'Succeeded' : 'Failed';
  const status = { phase, containerStatuses: [{ ...container, ready: false, restartCount: 0, imageID: '', state }] };
  await api.change({ method: 'PATCH', path: `${pods}/${metadata.name}/status`, body: { status }, contentType: MERGE });
  if (verdict === undefined) return;
  await endJob(api, `${base}/${name}`, exitCode === 0, times);
}

async function endJob(
  api: Api,
  path: string,
  good: boolean,
  { startedAt, finishedAt }: { readonly startedAt: string; readonly finishedAt: string },
): Promise<void> {
  const [before, type] = good ? ['SuccessCriteriaMet', 'Complete'] : ['FailureTarget', 'Failed'];
  const of = (one: string) => ({
    type: one,
    status: 'True',
    lastTransitionTime: finishedAt,
    lastProbeTime: finishedAt,
  });
  const done = good ? { succeeded: 1, completionTime: finishedAt } : { failed: 1 };
  const status = { startTime: startedAt, conditions: [of(before ?? ''), of(type ?? '')], ...done };
  await api.change({ method: 'PATCH', path: `${path}/status`, body: { status }, contentType: MERGE });
}

function object(kind: string, name: string) {
  return { apiVersion: 'v1', kind, metadata: { name } };
}

function time(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z/, 'Z');
}
