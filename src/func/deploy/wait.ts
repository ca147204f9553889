import type { V1Pod } from '@kubernetes/client-node';
import type { Clock } from '../../clock.ts';
import { FuncError, notReady, notReadyInTime } from '../func-error.ts';
import type { FunctionCluster } from './cluster.ts';
import type { FunctionObject } from './deployed-function.ts';
import { goDuration } from './go-duration.ts';
import { judge } from './judge.ts';
import { type Kind, objectPath, SERVICE_LABEL } from './kinds.ts';
import { lastWords } from './last-words.ts';
import { newestPod, podFailure } from './pod-failure.ts';

/** func's own pace. */
const POLL_MS = 500;
const PODS_EVERY = 4;

export interface Wait {
  readonly kind: Kind;
  readonly namespace: string;
  readonly name: string;
  readonly timeoutMs: number;
  /** uids of pods that were there before the change: they tell of the version before. */
  readonly before: ReadonlySet<string>;
  /** A line whenever there is something new. */
  readonly progress: (line: string) => void;
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
}

/** Its address, once it serves. What waiting cannot mend ends it at once, with the last words of the pod. */
export async function untilReady(wait: Wait, cluster: FunctionCluster): Promise<string> {
  const { kind, namespace, name, timeoutMs, before, progress, clock, signal } = wait;
  const endMs = clock.monotonicMs() + timeoutMs;
  let said = '';
  for (let round = 0; ; round += 1) {
    const object = await cluster.get<FunctionObject>(
      `look at the ${kind.kind} ${name}`,
      objectPath(kind, namespace, name),
    );
    if (object === undefined) {
      throw new FuncError('notFound', `${kind.kind} ${namespace}/${name} was deleted while it was waited for`);
    }
    const judgement = judge(object);
    if (judgement.kind === 'ready') return judgement.url;
    const pods = judgement.kind === 'failed' || round % PODS_EVERY === 0 ? await podsOf(wait, cluster) : [];
    const failure = podFailure(pods, before);
    if (judgement.kind === 'failed')
      throw await withLog(notReady(judgement.reason, judgement.message), pods, wait, cluster);
    if (failure !== undefined) {
      const error = new FuncError('pod', `reason=${failure.reason}: pod ${failure.pod}: ${failure.message}`);
      throw await withLog(error, pods, wait, cluster);
    }
    if (judgement.says !== said) progress(judgement.says);
    said = judgement.says;
    if (clock.monotonicMs() >= endMs) throw timedOut(wait, said);
    await clock.sleep(POLL_MS, signal);
  }
}

function timedOut({ kind, name, namespace, timeoutMs }: Wait, said: string): FuncError {
  const after = goDuration(timeoutMs);
  if (kind.deployer === 'wasm') return notReadyInTime(name, namespace, after);
  return new FuncError(
    'readiness',
    `timed out waiting for the Knative Service "${name}" to become ready after ${after} (${said}); run: kubectl describe ksvc/${name} -n ${namespace}`,
  );
}

export async function podsOf(
  { namespace, name }: Pick<Wait, 'namespace' | 'name'>,
  cluster: FunctionCluster,
): Promise<readonly V1Pod[]> {
  const path = `/api/v1/namespaces/${namespace}/pods`;
  return await cluster.list<V1Pod>(`list the pods of ${name}`, path, `${SERVICE_LABEL}=${name}`);
}

async function withLog(
  error: FuncError,
  pods: readonly V1Pod[],
  { namespace, before }: Wait,
  cluster: FunctionCluster,
): Promise<FuncError> {
  const pod = newestPod(pods.filter(({ metadata }) => !before.has(metadata?.uid ?? '')));
  const lines = pod === undefined ? [] : await lastWords(pod, namespace, cluster);
  if (lines.length === 0) return error;
  const quoted = lines.map((line) => `  | ${line}`).join('\n');
  return new FuncError(error.kind, `${error.message}\nlast lines of pod ${pod?.metadata?.name}:\n${quoted}`);
}
