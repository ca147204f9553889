import { SLOW_START, STILL_COMPILING } from '../../../contract.ts';
import { addressOf, type ModuleObjects, type ModulePolicy, objectsOf } from './objects.ts';
import { COMPILE, PULL, type Runner } from './runner-pod.ts';
import type { ModuleView, ReadyCondition, Trouble, WorkloadView } from './view.ts';

/** Everything that a decision about one module rests on. */
export interface ModuleFacts {
  readonly module: ModuleView;
  /** The Deployment of its name, whoever made it. */
  readonly workload: WorkloadView | undefined;
  /** The worst of what its pods say, if any does not run. */
  readonly trouble: Trouble | undefined;
  /** What its newest pod is pulled with; undefined: it has none. */
  readonly podSecrets?: readonly string[] | undefined;
  /** What was made for it beside the Deployment and is there; undefined: nobody looks. */
  readonly there?: ReadonlySet<Companion>;
  /** Of the Knative Service of its name: one that it controls was made by another controller of WasmModules. */
  readonly knative: 'none' | 'own' | 'other';
}

export type Companion = 'Service' | 'NetworkPolicy' | 'HorizontalPodAutoscaler' | 'Ingress';

export type ModuleAction =
  | { readonly kind: 'apply'; readonly objects: ModuleObjects }
  /** All that was made here for it; what is another's stays. */
  | { readonly kind: 'withdraw' }
  | {
      readonly kind: 'status';
      readonly ready: ReadyCondition;
      readonly url: string | undefined;
      readonly observedGeneration: number;
    };

/** An unchanged module yields nothing, and nothing means no request. */
export function decideModule(facts: ModuleFacts, policy: ModulePolicy): readonly ModuleAction[] {
  const { module, workload, knative } = facts;
  if (module.leaving) return []; // what it owns goes with it
  if (knative === 'own') return leave(module, workload);
  if (module.spec.kind === 'invalid') {
    return statusIfNew(
      module,
      { status: 'False', reason: 'InvalidSpec', message: module.spec.problems.join('; ') },
      undefined,
    );
  }
  if (workload !== undefined && workload.owner !== module.uid) {
    const message = `the Deployment ${module.name} is somebody else's; give the module another name, or delete it`;
    return statusIfNew(module, { status: 'False', reason: 'NameTaken', message }, undefined);
  }
  // Who was there first keeps the name: beside a Service of ours, Knative says of its own that it cannot be routed to.
  if (knative === 'other' && workload === undefined) {
    const message = `the Knative Service ${module.name} is somebody else's; give the module another name, or delete it`;
    return statusIfNew(module, { status: 'False', reason: 'NameTaken', message }, undefined);
  }
  const { spec } = module.spec;
  const objects = objectsOf(module, spec, policy, runnerOf(spec.image, facts, policy));
  const whole = workload?.made === objects.made && isThere(objects, facts);
  const actions: ModuleAction[] = whole ? [] : [{ kind: 'apply', objects }];
  const ready = readiness(workload, objects.made, facts);
  const url = ready.status === 'True' ? addressOf(module, policy) : module.url;
  return [...actions, ...statusIfNew(module, ready, url)];
}

/** People delete what they do not know. */
function isThere({ autoscaler, ingress }: ModuleObjects, { there }: ModuleFacts): boolean {
  const wanted: readonly Companion[] = [
    'Service',
    'NetworkPolicy',
    ...(autoscaler === undefined ? [] : (['HorizontalPodAutoscaler'] as const)),
    ...(ingress === undefined ? [] : (['Ingress'] as const)),
  ];
  return there === undefined || wanted.every((kind) => there.has(kind));
}

/**
 * To another controller of WasmModules, whose Knative Service this is. Knative takes no name that a Service has, and that controller
 * never gives way, so it is here that way is given. It tells how the module is: words of its own are left, or both would write for ever.
 */
function leave(module: ModuleView, workload: WorkloadView | undefined): readonly ModuleAction[] {
  const { name, namespace, uid, ready } = module;
  const told = ready !== undefined && !OWN_REASONS.has(ready.reason);
  if (told && workload?.owner !== uid) return [];
  const message =
    `the Knative Service ${name} was made for it by another controller, which looks after it; to have it served here, ` +
    `stop that controller, then: kubectl delete services.serving.knative.dev ${name} -n ${namespace}`;
  const left: ReadyCondition = { status: 'Unknown', reason: 'LeftToKnative', message };
  return [{ kind: 'withdraw' }, ...statusIfNew(module, left, undefined)];
}

/** Those that nobody else gives: a condition with one of them was written here, when the module was served here. */
const OWN_REASONS: ReadonlySet<string> = new Set([
  'Serving',
  'Deploying',
  'Compiling',
  'InvalidSpec',
  'NameTaken',
  'Refused',
  'PureArtifact',
  'PullFailed',
  'NotServable',
  'HandlerMissing',
]);

/** What a node has said of an image holds for as long as the image is the same: the Deployment that was made then tells. */
function runnerOf(
  image: string,
  { module, workload, trouble, podSecrets }: ModuleFacts,
  { runner }: ModulePolicy,
): Runner | undefined {
  const refused = trouble?.image === image && PURE_ARTIFACT.test(trouble.message);
  if (runner === undefined || (!refused && workload?.runnerFor !== image)) return undefined;
  // Its service account's are not ours to read; the API server writes their names into each pod that names none itself.
  const found = podSecrets ?? workload?.runnerSecrets ?? [];
  return { ...runner, pullSecrets: module.pullSecrets.length > 0 ? module.pullSecrets : found };
}

function readiness(workload: WorkloadView | undefined, made: string, { module, trouble }: ModuleFacts): ReadyCondition {
  // An autoscaler has written a number, and nobody has looked at it yet: what served goes on.
  if (workload?.made === made && !workload.observed && served(module)) return SERVING;
  if (workload === undefined || workload.made !== made || !workload.observed) {
    return { status: 'Unknown', reason: 'Deploying', message: 'its Deployment is being made' };
  }
  const { wanted, available, updated, total, stuck } = workload;
  const explained = trouble === undefined ? undefined : explain(trouble);
  // `available` counts the old ones, too: while there are any, an answer may be that of the version before. More of the same
  // version on their way, as an autoscaler wants them, are no news.
  if (available >= 1 && updated >= 1 && total <= updated) return SERVING;
  const late = trouble === undefined ? undefined : lateStart(trouble);
  if (explained !== undefined && late === undefined) return { status: 'False', ...explained };
  if (stuck !== undefined) return { status: 'False', ...stuck, message: late?.message ?? stuck.message };
  if (late !== undefined) return late;
  return {
    status: 'Unknown',
    reason: 'Deploying',
    message: `${updated} of ${wanted} pods are new, ${available} answer`,
  };
}

const SERVING: ReadyCondition = { status: 'True', reason: 'Serving', message: '' };

/** What is asked for now, by what was said last: a change of it is said before its Deployment is made. */
function served({ ready, observedGeneration, generation }: ModuleView): boolean {
  return ready?.status === 'True' && observedGeneration === generation;
}

/** containerd's words for an artifact that is no image of any platform (containerd#10179), and for an image without an entrypoint. */
const PURE_ARTIFACT =
  /unknown image config media type|no match for platform|mismatched image rootfs|no command specified/;
/** A start whose time was over. The node tries again, and while it compiles that is no failure; the Deployment's own deadline ends it. */
function lateStart({ reason, message }: Trouble): ReadyCondition | undefined {
  const compiling = STILL_COMPILING.exec(message)?.[0];
  if (compiling !== undefined) return { status: 'Unknown', reason: 'Compiling', message: compiling };
  if (!STARTS.has(reason) || !SLOW_START.test(message)) return undefined;
  return { status: 'Unknown', reason: 'Deploying', message: `its start took longer than its node waits: ${message}` };
}

/** The kubelet's reasons for a container that could not be started, and for one that it holds back after that. */
const STARTS: ReadonlySet<string> = new Set(['', 'RunContainerError', 'CreateContainerError', 'CrashLoopBackOff']);

const NO_HANDLER = /no runtime for "([^"]+)" is configured/;

function explain({
  reason,
  message,
  restarts,
  container,
}: Trouble): { readonly reason: string; readonly message: string } | undefined {
  if (message !== '' && reason !== 'ErrImagePull' && reason !== 'ImagePullBackOff') {
    if (container === PULL) return { reason: 'PullFailed', message };
    if (container === COMPILE) return { reason: 'NotServable', message };
  }
  if (PURE_ARTIFACT.test(message)) {
    return {
      reason: 'PureArtifact',
      message:
        'the reference is a Wasm artifact without an image that containerd can run; `kwasm wasm repack REF` adds one under the same reference, ' +
        `and wasmModules.runner.enabled of the chart has it served as it is. ${message}`,
    };
  }
  const handler = NO_HANDLER.exec(message)?.[1];
  if (handler !== undefined) {
    return {
      reason: 'HandlerMissing',
      message: `the pod's node has no handler ${handler}; \`kwasm node enable NODE\` installs it`,
    };
  }
  if (reason === 'CrashLoopBackOff' || restarts > 1) return { reason: 'CrashLoopBackOff', message };
  if (reason === 'ContainerCreating' || reason === 'PodInitializing' || reason === '') return undefined;
  return { reason, message };
}

export function statusIfNew(
  module: ModuleView,
  ready: ReadyCondition,
  url: string | undefined,
): readonly ModuleAction[] {
  const same =
    module.observedGeneration === module.generation &&
    module.url === url &&
    module.ready?.status === ready.status &&
    module.ready.reason === ready.reason &&
    module.ready.message === ready.message;
  return same ? [] : [{ kind: 'status', ready, url, observedGeneration: module.generation }];
}
