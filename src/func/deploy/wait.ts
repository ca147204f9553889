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
import { PullPatience } from './pull-patience.ts';

/** func's own pace. */
const POLL_MS = 500;
const PODS_EVERY = 4;

export interface Wait {
  readonly kind: Kind;
  readonly namespace: string;
  readonly name: string;
  readonly timeoutMs: number;
  /** How much longer, while a node compiles the function. */
  readonly compilingMs?: number;
  /** uids of pods that were there before the change: they tell of the version before. */
  readonly before: ReadonlySet<string>;
  /** A line whenever there is something new. */
  readonly progress: (line: string) => void;
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
}

/** Its address, once it serves. What waiting cannot mend ends it, with the last words of the pod: at once, or a pull once it has failed again. */
export async function untilReady(wait: Wait, cluster: FunctionCluster): Promise<string> {
  const { kind, namespace, name, timeoutMs, compilingMs = 0, before, progress, clock, signal } = wait;
  let endMs = clock.monotonicMs() + timeoutMs;
  const patience = new PullPatience();
  let compiling = false;
  let said = '';
  let trouble: Trouble | undefined;
  const say = (line: string) => {
    if (line !== said) progress(line);
    said = line;
  };
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
    if (judgement.kind === 'waiting' && judgement.compiling === true && !compiling) {
      compiling = true;
      endMs += compilingMs;
    }
    const late = clock.monotonicMs() >= endMs;
    const looked = late || judgement.kind === 'failed' || round % PODS_EVERY === 0;
    const pods = looked ? await podsOf(wait, cluster) : [];
    if (looked) trouble = judgement.kind === 'failed' ? judgement : podFailure(pods, before);
    if (trouble === undefined) patience.forget();
    if (trouble !== undefined && looked) {
      const spent = patience.isSpent(trouble.reason, trouble.message, clock.monotonicMs());
      if (spent || late) throw await withLog(errorOf(trouble, patience.cause), pods, wait, cluster);
    }
    if (trouble !== undefined) say(`${trouble.reason}: ${patience.cause}; its node tries again`);
    else if (judgement.kind === 'waiting') say(judgement.says);
    if (late) throw timedOut(wait, compiling ? timeoutMs + compilingMs : timeoutMs, said);
    await clock.sleep(POLL_MS, signal);
  }
}

/** Of the object itself, or of a pod. */
interface Trouble {
  readonly pod?: string;
  readonly reason: string;
  readonly message: string;
}

function errorOf({ pod, reason }: Trouble, cause: string): FuncError {
  if (pod === undefined) return notReady(reason, cause);
  return new FuncError('pod', `reason=${reason}: pod ${pod}: ${cause}`);
}

function timedOut({ kind, name, namespace }: Wait, afterMs: number, said: string): FuncError {
  const after = goDuration(afterMs);
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
