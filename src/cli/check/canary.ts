import type { V1Pod } from '@kubernetes/client-node';
import { systemClock } from '../../clock.ts';
import { CliError, EXIT } from '../exit.ts';
import type { Client } from '../kube/client.ts';
import { DOCTOR_LABEL, removePod } from '../kube/privileged-pod.ts';
import type { OperatorFound } from '../operator.ts';
import { type Answer, bad, ok, skipped } from './result.ts';

/** The whole way once: scheduler, RuntimeClass, containerd, shim, a component that serves HTTP. */
export interface Canary {
  readonly image: string;
  readonly namespace: string;
  readonly runtimeClass: string;
  readonly pullSecrets: readonly { readonly name: string }[];
  readonly node: string | undefined;
}

const PORT = 8080;
/** The first start of a component on a node compiles it. */
const DEADLINE_MS = 240_000;
const POLL_MS = 500;

/** `npm run images` pushes the demo beside the operator, with the same tag. */
export function demoImage(found: OperatorFound): string | undefined {
  if (found.kind !== 'present') return undefined;
  const match = /^(.*\/)kwasm-operator(:[^@]+)?(@.*)?$/.exec(found.operator.image);
  return match?.[2] === undefined ? undefined : `${match[1]}kwasm-demo${match[2]}`;
}

export async function runCanary(client: Client, canary: Canary, signal: AbortSignal): Promise<Answer> {
  const name = `kwasm-check-${Date.now().toString(36)}`;
  const base = `/api/v1/namespaces/${canary.namespace}/pods`;
  const startMs = systemClock.monotonicMs();
  try {
    await client.create('make the canary pod', base, canaryPod(name, canary));
  } catch (error) {
    if (error instanceof CliError && error.exitCode === EXIT.forbidden) return skipped(error.message);
    throw error;
  }
  try {
    return await answerOf(client, `${base}/${name}`, startMs, signal);
  } finally {
    await removePod(client, { namespace: canary.namespace, name });
  }
}

async function answerOf(client: Client, path: string, startMs: number, signal: AbortSignal): Promise<Answer> {
  let last = 'nothing was heard of it';
  while (systemClock.monotonicMs() - startMs < DEADLINE_MS && !signal.aborted) {
    const pod = await client.get<V1Pod>('look at the canary pod', path);
    const state = pod.status?.containerStatuses?.[0]?.state;
    last = podSaid(pod);
    if (state?.terminated !== undefined)
      return bad(`it ended: ${last}`, 'kwasm doctor NODE; the events of the pod say more');
    if (state?.running !== undefined) {
      const body = await ask(client, path, signal);
      if (body.kind === 'body') {
        const seconds = ((systemClock.monotonicMs() - startMs) / 1000).toFixed(1);
        return ok(
          `on ${pod.spec?.nodeName} after ${seconds} s: ${body.text.trim().split('\n')[0]?.slice(0, 60) ?? ''}`,
        );
      }
      last = body.why;
    }
    await systemClock.sleep(POLL_MS, signal).catch(() => {});
  }
  if (signal.aborted) return skipped('interrupted');
  return bad(
    `no answer within ${DEADLINE_MS / 1000} s: ${last}`,
    'kubectl describe the pod while it runs; kwasm doctor NODE',
  );
}

/** By way of the API server, so it works from wherever kubectl does. */
async function ask(
  client: Client,
  path: string,
  signal: AbortSignal,
): Promise<{ kind: 'body'; text: string } | { kind: 'none'; why: string }> {
  try {
    let text = '';
    const within = AbortSignal.any([signal, AbortSignal.timeout(10_000)]);
    for await (const part of client.text('ask the canary pod', `${path}:${PORT}/proxy/`, {}, within)) text += part;
    return text === '' ? { kind: 'none', why: 'an empty answer' } : { kind: 'body', text };
  } catch (error) {
    return { kind: 'none', why: error instanceof Error ? error.message : String(error) };
  }
}

function podSaid({ status }: V1Pod): string {
  const state = status?.containerStatuses?.[0]?.state;
  const scheduled = status?.conditions?.find(({ type, status: is }) => type === 'PodScheduled' && is === 'False');
  const words = [
    status?.phase,
    state?.waiting?.reason,
    state?.waiting?.message,
    state?.terminated?.reason,
    state?.terminated?.message,
    scheduled?.message,
  ];
  return words.filter(Boolean).join(': ');
}

export function canaryPod(name: string, { image, namespace, runtimeClass, pullSecrets, node }: Canary): V1Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, labels: { [DOCTOR_LABEL]: 'true' } },
    spec: {
      runtimeClassName: runtimeClass,
      restartPolicy: 'Never',
      activeDeadlineSeconds: Math.ceil(DEADLINE_MS / 1000) + 60,
      terminationGracePeriodSeconds: 1,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      imagePullSecrets: [...pullSecrets],
      ...(node === undefined ? {} : { nodeSelector: { 'kubernetes.io/hostname': node } }),
      containers: [
        {
          name: 'canary',
          image,
          ports: [{ containerPort: PORT }],
          resources: { requests: { cpu: '50m', memory: '64Mi' }, limits: { memory: '1Gi' } },
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
        },
      ],
    },
  };
}
