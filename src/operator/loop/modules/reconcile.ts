import type { Clock } from '../../../clock.ts';
import type { Logger } from '../../../log.ts';
import { decideModule, type ModuleAction, statusIfNew } from '../../decide/wasm-module/decide.ts';
import type { ModuleObjects, ModulePolicy } from '../../decide/wasm-module/objects.ts';
import type { ModuleView, ReadyCondition } from '../../decide/wasm-module/view.ts';
import { type ApiError, isRefusal } from '../../kube/api-error.ts';
import { Foreign, type OwnedManifest, type OwnedObjects } from '../../kube/owned-objects.ts';
import type { Result } from '../reconcile.ts';
import { gatherModule, type ModuleWorld } from './world.ts';

export interface ModuleDeps {
  readonly world: ModuleWorld;
  readonly policy: ModulePolicy;
  readonly objects: OwnedObjects;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Gather, decide, apply: one module. */
export async function reconcileModule(key: string, deps: ModuleDeps): Promise<Result> {
  const facts = gatherModule(key, deps.world);
  if (facts === undefined) return { kind: 'done' }; // gone, and what it owned with it
  try {
    for (const action of decideModule(facts, deps.policy)) await apply(action, facts.module, deps);
  } catch (error) {
    if (!(error instanceof Foreign) && !isRefusal(error)) throw error;
    const { ready, afterMs } = error instanceof Foreign ? inTheWay(error) : refused(error, facts.module);
    const module = deps.world.modules.get(key) ?? facts.module;
    for (const action of statusIfNew(module, ready, undefined)) await apply(action, module, deps);
    return { kind: 'after', afterMs };
  }
  return { kind: 'done' };
}

/** Objects that are not watched may be out of the way by then, and a quota or a webhook, too. */
const HELD_UP_MS = 60_000;
/** The Service behind a Knative Service goes a moment after it. */
const KNATIVE_MS = 2_000;

interface HeldUp {
  readonly ready: ReadyCondition;
  readonly afterMs: number;
}

function inTheWay({ message, object, holder }: Foreign): HeldUp {
  if (holder?.apiVersion?.startsWith('serving.knative.dev/') === true) {
    const waits = `the ${object} is that of Knative's ${holder.kind} ${holder.name}; waiting until it has gone`;
    return { ready: { status: 'Unknown', reason: 'Deploying', message: waits }, afterMs: KNATIVE_MS };
  }
  const taken = `${message}; give the module another name, or delete it`;
  return { ready: { status: 'False', reason: 'NameTaken', message: taken }, afterMs: HELD_UP_MS };
}

/** What differs in numbers only (a port, a request's) is no news: its writing would bring the module back at once, to be refused again. */
function refused({ message }: ApiError, { ready }: ModuleView): HeldUp {
  const same = ready?.reason === 'Refused' && withoutNumbers(ready.message) === withoutNumbers(message);
  return {
    ready: { status: 'False', reason: 'Refused', message: same ? ready.message : message },
    afterMs: HELD_UP_MS,
  };
}

function withoutNumbers(text: string): string {
  return text.replace(/[\da-f]*\d[\da-f]*/g, '#');
}

async function apply(action: ModuleAction, module: ModuleView, deps: ModuleDeps): Promise<void> {
  switch (action.kind) {
    case 'apply':
      await applyObjects(action.objects, module, deps);
      return;
    case 'withdraw':
      await withdraw(module, deps);
      return;
    case 'status':
      await writeStatus(module, action.ready, action.url, deps);
      return;
  }
}

/** The Service first: where its name is taken nothing is made. The Deployment last: it says what all were made from, so an interrupted run is begun again. */
async function applyObjects(
  made: ModuleObjects,
  module: ModuleView,
  { objects, world, log }: ModuleDeps,
): Promise<void> {
  const { name, namespace, uid } = module;
  const companions = [
    ['Service', made.service],
    ['NetworkPolicy', made.networkPolicy],
    ['HorizontalPodAutoscaler', made.autoscaler],
    ['Ingress', made.ingress],
  ] as const;
  for (const [kind, manifest] of companions) {
    if (manifest === undefined) await objects.remove(kind, namespace, name, uid);
    else world.companions[kind].wrote(await objects.ensure(manifest as OwnedManifest, uid));
  }
  world.workloads.wrote(await objects.ensure(made.deployment as OwnedManifest, uid));
  log.info('module applied', {
    module: `${namespace}/${name}`,
    image: made.deployment.spec?.template.spec?.containers[0]?.image,
  });
}

/** The Service's name is what the other waits for; the Deployment tells, until it is gone, that there is something left to do. */
async function withdraw({ name, namespace, uid }: ModuleView, { objects, log }: ModuleDeps): Promise<void> {
  for (const kind of ['Service', 'Ingress', 'HorizontalPodAutoscaler', 'NetworkPolicy', 'Deployment'] as const) {
    await objects.remove(kind, namespace, name, uid);
  }
  log.info('module left to Knative', { module: `${namespace}/${name}` });
}

async function writeStatus(
  module: ModuleView,
  ready: ReadyCondition,
  url: string | undefined,
  { objects, world, clock, log }: ModuleDeps,
): Promise<void> {
  const { name, namespace, generation } = module;
  const nowMs = clock.nowMs();
  const since = module.ready?.status === ready.status ? module.ready.sinceMs : nowMs;
  const condition = {
    type: 'Ready',
    ...ready,
    lastTransitionTime: new Date(since).toISOString().replace(/\.\d+Z$/, 'Z'),
  };
  const status = {
    observedGeneration: generation,
    conditions: [condition],
    address: url === undefined ? null : { url },
  };
  const path = `/apis/wasm.serving.knative.dev/v1alpha1/namespaces/${namespace}/wasmmodules/${name}`;
  world.modules.wrote(await objects.writeStatus(path, status));
  log.info('module status written', { module: `${namespace}/${name}`, ready: ready.status, reason: ready.reason });
}
