import type { V1Pod } from '@kubernetes/client-node';
import type { Clock } from '../../clock.ts';
import { FuncError } from '../func-error.ts';
import type { FunctionCluster } from './cluster.ts';
import { findFunction } from './find.ts';
import { goDuration } from './go-duration.ts';
import { objectPath } from './kinds.ts';
import { podsOf } from './wait.ts';

/** What our controller makes of a WasmModule (docs/wasm-modules.md). */
const OWNED = [
  ['Deployment', '/apis/apps/v1', 'deployments'],
  ['Service', '/api/v1', 'services'],
  ['NetworkPolicy', '/apis/networking.k8s.io/v1', 'networkpolicies'],
  ['Ingress', '/apis/networking.k8s.io/v1', 'ingresses'],
  ['HorizontalPodAutoscaler', '/apis/autoscaling/v2', 'horizontalpodautoscalers'],
] as const;

interface Owned {
  readonly metadata?: { readonly ownerReferences?: readonly { readonly uid?: string }[] };
}

export interface Removal {
  readonly namespace: string;
  readonly name: string;
  readonly timeoutMs: number;
  /** A line whenever something else is waited for. */
  readonly progress: (line: string) => void;
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
}

const POLL_MS = 250;
const LOOK_EVERY = 8;

/** Deletes a function, waits until it and all that was made of it are gone, and says what that was: `Kind name`, itself first. */
export async function removeFunction(removal: Removal, cluster: FunctionCluster): Promise<readonly string[]> {
  const { namespace, name, timeoutMs, progress, clock, signal } = removal;
  const endMs = clock.monotonicMs() + timeoutMs;
  const { kind, object } = await findFunction(namespace, name, cluster);
  const uid = object.metadata?.uid;
  const path = objectPath(kind, namespace, name);
  const owned = await ownedBy(uid, removal, cluster);
  await cluster.remove(`delete ${kind.kind} ${name}`, path);
  let said = '';
  for (let round = 1; ; round += 1) {
    const left = await cluster.get<{ metadata?: { uid?: string } }>(`wait for the end of ${name}`, path);
    if (left === undefined || left.metadata?.uid !== uid) return [`${kind.kind} ${name}`, ...owned];
    const late = clock.monotonicMs() >= endMs;
    if (late || round % LOOK_EVERY === 0) {
      const what = waitedFor(await podsOf(removal, cluster));
      if (what !== said && !late) progress(`waiting for ${what}`);
      said = what;
    }
    if (late) {
      const text = `${kind.kind} ${namespace}/${name} is marked for deletion, and still there after ${goDuration(timeoutMs)}, waiting for ${said}; run: kubectl describe ${kind.plural}.${kind.group}/${name} -n ${namespace}`;
      throw new FuncError('readiness', text);
    }
    await clock.sleep(POLL_MS, signal);
  }
}

/** It goes when its objects have gone, these when its pods have: a pod has 30 seconds to end by itself, then its node kills it. */
function waitedFor(pods: readonly V1Pod[]): string {
  if (pods.length === 0) return "the cluster's garbage collector";
  const [first, second, third, ...more] = pods.map(({ metadata }) => {
    const ending = metadata?.deletionTimestamp === undefined ? 'not told to end yet' : 'ending';
    return `${metadata?.name} (${ending})`;
  });
  const named = [first, second, third].filter((text) => text !== undefined).join(', ');
  return `${pods.length === 1 ? 'pod' : 'pods'} ${named}${more.length === 0 ? '' : ` and ${more.length} more`}`;
}

async function ownedBy(
  uid: string | undefined,
  { namespace, name }: Pick<Removal, 'namespace' | 'name'>,
  cluster: FunctionCluster,
) {
  const found: string[] = [];
  for (const [kind, api, plural] of OWNED) {
    const object = await cluster.get<Owned>(
      `look at ${kind} ${name}`,
      `${api}/namespaces/${namespace}/${plural}/${name}`,
    );
    if (object?.metadata?.ownerReferences?.some((owner) => owner.uid === uid)) found.push(`${kind} ${name}`);
  }
  return found;
}
