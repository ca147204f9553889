// Run by `helm test` in the operator's image: the operator is ready behind its Service, and each RuntimeClass of the values
// exists with its handler. Everything is asked again until the deadline, because both follow an installation by some seconds.
import { readFile } from 'node:fs/promises';
import process from 'node:process';
import { setTimeout } from 'node:timers/promises';

const DEADLINE_MS = 60_000;
const POLL_MS = 1_000;
const REQUEST_MS = 5_000;
const ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';
const { KWASM_SERVICE, KWASM_SERVICE_PORT, KWASM_RUNTIME_CLASSES, KUBERNETES_SERVICE_PORT } = process.env;

// By address, as the kubelet passes it, where it does: a cluster whose DNS is ill should not make this test say so of us.
const operator = `http://${addressOf(KWASM_SERVICE) ?? KWASM_SERVICE}:${KWASM_SERVICE_PORT}`;
const api = `https://${addressOf('kubernetes') ?? 'kubernetes.default.svc'}:${KUBERNETES_SERVICE_PORT ?? 443}`;

function addressOf(service) {
  const host = process.env[`${service.toUpperCase().replaceAll('-', '_')}_SERVICE_HOST`];
  return host?.includes(':') ? `[${host}]` : host;
}

/** Resolves to undefined when all is well, else to the sentence that says what is not. */
async function operatorReady() {
  const answer = await fetch(`${operator}/readyz`, { signal: AbortSignal.timeout(REQUEST_MS) });
  const body = await answer.text();
  return answer.ok ? undefined : `the operator is not ready (HTTP ${answer.status}): ${body.trim()}`;
}

async function classApplied({ name, handler }) {
  const token = (await readFile(`${ACCOUNT}/token`, 'utf8')).trim();
  const answer = await fetch(`${api}/apis/node.k8s.io/v1/runtimeclasses/${name}`, {
    headers: { authorization: `Bearer ${token}` },
    signal: AbortSignal.timeout(REQUEST_MS),
  });
  if (answer.status === 404)
    return `RuntimeClass ${name} does not exist: the operator's log says why it was not applied`;
  if (!answer.ok) return `RuntimeClass ${name} cannot be read (HTTP ${answer.status}): ${await answer.text()}`;
  const found = (await answer.json()).handler;
  if (found === handler) return undefined;
  return (
    `RuntimeClass ${name} has the handler ${found}, the values say ${handler}. A handler cannot be changed: ` +
    `if nobody needs the old one, kubectl delete runtimeclass ${name} lets the operator make its own`
  );
}

async function eventually(what, check) {
  const end = Date.now() + DEADLINE_MS;
  for (;;) {
    const complaint = await check().catch((error) => `${what}: ${error.cause?.message ?? error.message}`);
    if (complaint === undefined) return console.log(`ok: ${what}`);
    if (Date.now() > end) throw new Error(complaint);
    await setTimeout(POLL_MS);
  }
}

try {
  await eventually(`the operator is ready behind its Service ${KWASM_SERVICE}`, operatorReady);
  for (const wanted of JSON.parse(KWASM_RUNTIME_CLASSES)) {
    await eventually(`RuntimeClass ${wanted.name} runs ${wanted.handler}`, () => classApplied(wanted));
  }
} catch (error) {
  console.error(`failed: ${error.message}`);
  process.exitCode = 1;
}
