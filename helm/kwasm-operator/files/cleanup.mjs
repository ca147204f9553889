// Run by `helm uninstall` in the operator's image where cleanup.onUninstall is true: waits until the operator, which this Job's
// being there tells that no node is wanted, has undone every node. Then the RuntimeClasses go that the operator made.
import { readFile } from 'node:fs/promises';
import process from 'node:process';
import { setTimeout } from 'node:timers/promises';

const PAGE = 250;
const REQUEST_MS = 30_000;
const SHOWN_MAX = 20;
/** Not to be tried again: podFailurePolicy. */
const GIVEN_UP = 3;
const OURS = 'app.kubernetes.io/managed-by=kwasm-operator';
const TRACES = ['kwasm.sh/kwasm-provisioned', 'kwasm.sh/record'];
const { KWASM_NAMESPACE, KWASM_JOB, KWASM_REPLICAS, KWASM_DEADLINE_SECONDS, KWASM_DAEMONSET } = process.env;
const { KUBERNETES_SERVICE_HOST: host = 'kubernetes.default.svc', KUBERNETES_SERVICE_PORT: port = '443' } = process.env;
// The defaults are those of a pod; its tests have a server and a token of their own.
const server = process.env.KWASM_SERVER ?? `https://${host.includes(':') ? `[${host}]` : host}:${port}`;
const account = process.env.KWASM_ACCOUNT ?? '/var/run/secrets/kubernetes.io/serviceaccount';
const pollMs = Number(process.env.KWASM_POLL_MS ?? 3_000);
const deadlineMs = performance.now() + Number(KWASM_DEADLINE_SECONDS) * 1000;

async function call(path, { method = 'GET', body, type } = {}) {
  const token = (await readFile(`${account}/token`, 'utf8')).trim();
  const answer = await fetch(`${server}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, ...(type === undefined ? {} : { 'content-type': type }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(REQUEST_MS),
  });
  const text = await answer.text();
  if (answer.ok) return JSON.parse(text);
  const error = new Error(`${method} ${path}: HTTP ${answer.status}: ${text.slice(0, 300)}`);
  throw Object.assign(error, { status: answer.status });
}

/** Nodes that something of ours is still on, as sentences. */
async function left() {
  const found = [];
  for (let next = ''; ; ) {
    const { items, metadata } = await call(`/api/v1/nodes?limit=${PAGE}&continue=${encodeURIComponent(next)}`);
    for (const node of items) {
      const { name, labels = {}, annotations = {} } = node.metadata;
      const condition = node.status?.conditions?.find(({ type }) => type === 'KwasmReady');
      const traces = TRACES.filter((key) => labels[key] !== undefined || annotations[key] !== undefined);
      if (condition === undefined && traces.length === 0) continue;
      found.push(`${name}: ${condition === undefined ? 'being undone' : `${condition.reason}: ${condition.message}`}`);
    }
    next = metadata?.continue ?? '';
    if (next === '') break;
  }
  const jobs = await call(
    `/apis/batch/v1/namespaces/${KWASM_NAMESPACE}/jobs?labelSelector=${encodeURIComponent('kwasm.sh/action in (install,uninstall)')}`,
  );
  const ended = ({ status }) =>
    status?.conditions?.some(({ type, status: is }) => /Complete|Failed/.test(type) && is === 'True');
  return [
    ...found,
    ...jobs.items.filter((job) => !ended(job)).map(({ metadata }) => `Job ${metadata.name} has not ended`),
  ];
}

/** All that the operator made, by its label: those of the values, of canary pods, of Shims. A class of somebody else's stays. */
async function removeClasses() {
  const path = '/apis/node.k8s.io/v1/runtimeclasses';
  const { items } = await call(`${path}?labelSelector=${encodeURIComponent(OURS)}`);
  for (const { metadata } of items) {
    const body = { kind: 'DeleteOptions', apiVersion: 'v1', preconditions: { uid: metadata.uid } };
    try {
      await call(`${path}/${metadata.name}`, { method: 'DELETE', body, type: 'application/json' });
      console.log(`RuntimeClass ${metadata.name} is gone`);
    } catch (error) {
      if (error.status !== 404) throw error;
    }
  }
}

/** Where Helm shows them, too. */
function giveUp(lines) {
  for (const line of lines) console.error(line);
  process.exit(GIVEN_UP);
}

if (KWASM_REPLICAS === '0') {
  giveUp(['replicaCount is 0: no operator runs that could undo anything. helm upgrade with 1, then uninstall again.']);
}
let stopped = false;

/**
 * The pods of a DaemonSet hold their nodes: one that starts again would install again, and the operator waits for their
 * end.
 */
async function stopAgents() {
  if (!KWASM_DAEMONSET || stopped) return;
  try {
    await call(`/apis/apps/v1/namespaces/${KWASM_NAMESPACE}/daemonsets/${KWASM_DAEMONSET}`, { method: 'DELETE' });
    console.log(`DaemonSet ${KWASM_DAEMONSET} is deleted; its pods end`);
  } catch (error) {
    if (error.status !== 404) throw error;
  }
  stopped = true;
}

let last = [];
let clean = 0;
for (let round = 0; clean < 2; round += 1) {
  const startMs = performance.now();
  try {
    await stopAgents();
    last = await left();
    clean = last.length === 0 ? clean + 1 : 0;
    if (round % 10 === 0)
      console.log(last.length === 0 ? 'nothing of ours is left on any node' : `${last.length} left, first: ${last[0]}`);
  } catch (error) {
    console.error(`asked again: ${error.cause?.message ?? error.message}`);
  }
  if (performance.now() > deadlineMs) {
    giveUp([
      `Not everything is undone after ${KWASM_DEADLINE_SECONDS} s (cleanup.deadlineSeconds). Left:`,
      ...last.slice(0, SHOWN_MAX).map((line) => `  ${line}`),
      ...(last.length > SHOWN_MAX ? [`  and ${last.length - SHOWN_MAX} more`] : []),
      'The release is still there, and the operator goes on undoing. Mend what the lines say, then run helm uninstall again.',
      `To keep everything after all: kubectl -n ${KWASM_NAMESPACE} delete job ${KWASM_JOB}; annotated nodes are then provisioned again.`,
      ...(KWASM_DAEMONSET ? ['Its DaemonSet is gone by now: `helm upgrade` brings it back.'] : []),
      'To leave it on those nodes: helm uninstall --no-hooks.',
    ]);
  }
  // 5,000 nodes are 80 MB a round: ask no more than a tenth of the time.
  await setTimeout(Math.max(pollMs, 10 * (performance.now() - startMs)));
}
await removeClasses();
// Gone by itself when the operator, which goes next, can no longer take its absence for a wish to begin anew.
await call(`/apis/batch/v1/namespaces/${KWASM_NAMESPACE}/jobs/${KWASM_JOB}`, {
  method: 'PATCH',
  body: { spec: { ttlSecondsAfterFinished: 300 } },
  type: 'application/merge-patch+json',
});
console.log('everything is undone');
