import type { Clock } from '../../clock.ts';
import { FuncError } from '../func-error.ts';
import type { FunctionCluster } from './cluster.ts';
import { findFunction } from './find.ts';
import { goDuration } from './go-duration.ts';
import { objectPath } from './kinds.ts';

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
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
}

/** Deletes a function, waits until it and all that was made of it are gone, and says what that was: `Kind name`, itself first. */
export async function removeFunction(removal: Removal, cluster: FunctionCluster): Promise<readonly string[]> {
  const { namespace, name, timeoutMs, clock, signal } = removal;
  const { kind, object } = await findFunction(namespace, name, cluster);
  const uid = object.metadata?.uid;
  const path = objectPath(kind, namespace, name);
  const owned = await ownedBy(uid, removal, cluster);
  await cluster.remove(`delete ${kind.kind} ${name}`, path);
  const endMs = clock.monotonicMs() + timeoutMs;
  for (;;) {
    const left = await cluster.get<{ metadata?: { uid?: string } }>(`wait for the end of ${name}`, path);
    if (left === undefined || left.metadata?.uid !== uid) return [`${kind.kind} ${name}`, ...owned];
    if (clock.monotonicMs() >= endMs) {
      const text = `${kind.kind} ${namespace}/${name} is marked for deletion, and still there after ${goDuration(timeoutMs)}; run: kubectl describe ${kind.plural}.${kind.group}/${name} -n ${namespace}`;
      throw new FuncError('readiness', text);
    }
    await clock.sleep(POLL_MS, signal);
  }
}

const POLL_MS = 250;

async function ownedBy(uid: string | undefined, { namespace, name }: Removal, cluster: FunctionCluster) {
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
