import type { InstallReason } from '../../contract.ts';
import type { LiveHandler } from './facts.ts';
import { type Handler, wrongOption } from './handlers.ts';
import { canonical, isIdleOption } from './same.ts';

/** What ran before the restart. */
export interface Baseline {
  readonly handlers: readonly LiveHandler[];
  readonly sandboxes: readonly { readonly id: string; readonly pod: string; readonly podUid: string }[];
  readonly containers: readonly {
    readonly id: string;
    readonly name: string;
    readonly pod: string;
    readonly podUid: string;
  }[];
}

/** What runs now. */
export interface Observed {
  readonly ready: boolean;
  readonly message: string;
  readonly handlers: readonly LiveHandler[];
  readonly readySandboxes: readonly string[];
  readonly runningContainers: readonly string[];
  /** Of the baseline's containers that run no more: how they ended; undefined: not known any more. */
  readonly ended: ReadonlyMap<string, ContainerEnd | undefined>;
  /** Pods of the baseline that the kubelet has removed meanwhile, on purpose. */
  readonly removedPods: readonly string[];
}
export interface ContainerEnd {
  readonly exitCode: number;
  readonly reason: string;
}

export interface Expected {
  readonly handlers: readonly Handler[];
  readonly gone: readonly string[];
  /** Handlers that were there before and may change all the same. */
  readonly free?: readonly string[];
}

export interface Loss {
  readonly reason: InstallReason;
  readonly message: string;
  /** A daemon's configuration is fixed once it serves; waiting helps only the rest. */
  readonly final: boolean;
}

/** undefined: the daemon serves what it should, and nothing that ran before is lost. */
export function findLoss(baseline: Baseline, now: Observed, expected: Expected): Loss | undefined {
  if (!now.ready) return { reason: 'RestartFailed', message: `containerd is not ready: ${now.message}`, final: false };
  return handlerLoss(baseline, now, expected) ?? podLoss(baseline, now);
}

function handlerLoss(
  baseline: Baseline,
  observed: Observed,
  { handlers, gone, free = [] }: Expected,
): Loss | undefined {
  const served = (name: string) => observed.handlers.find((handler) => handler.name === name);
  for (const handler of handlers) {
    const { name, type } = handler;
    const live = served(name);
    if (live?.type !== type || wrongOption(handler, (key) => live.options[key]) !== undefined) {
      const message = `containerd does not serve handler "${name}" as written (${live?.type ?? 'absent'})`;
      return { reason: 'HandlerNotServed', message, final: true };
    }
  }
  for (const name of gone) {
    if (served(name) === undefined) continue;
    return { reason: 'HandlerNotServed', message: `containerd still serves handler "${name}"`, final: true };
  }
  const ours = [...handlers.map(({ name }) => name), ...gone, ...free];
  for (const before of baseline.handlers.filter(({ name }) => !ours.includes(name))) {
    const now = served(before.name);
    if (now !== undefined && canonical(told(now)) === canonical(told(before))) continue;
    return { reason: 'HandlerLost', message: `handler "${before.name}" is gone or was changed`, final: true };
  }
  return undefined;
}

const told = ({ options, ...handler }: LiveHandler) => ({
  ...handler,
  options: Object.fromEntries(Object.entries(options).filter(([, value]) => !isIdleOption(value))),
});

/** containerd's own code for "I lost it", and SIGKILL. Any other end is the container's own. */
const LOST_CODES = [255, 137];

function podLoss(baseline: Baseline, now: Observed): Loss | undefined {
  const removed = (uid: string) => now.removedPods.includes(uid);
  const runs = ({ id }: { readonly id: string }) => now.runningContainers.includes(id);
  const byItself = ({ id }: { readonly id: string }) => isOwnEnd(now.ended.get(id));
  // A Job's pod that is done: the kubelet stops its sandbox by then, and keeps its directory.
  const done = (uid: string) => {
    const inside = baseline.containers.filter(({ podUid }) => podUid === uid);
    return inside.length > 0 && inside.every((one) => !runs(one) && byItself(one));
  };
  const sandboxes = baseline.sandboxes
    .filter(({ id, podUid }) => !now.readySandboxes.includes(id) && !removed(podUid) && !done(podUid))
    .map(({ pod }) => `sandbox of ${pod}`);
  const containers = baseline.containers
    .filter((one) => !runs(one) && !removed(one.podUid) && !byItself(one))
    .map(({ pod, name }) => `container ${name} of ${pod}`);
  const lost = [...sandboxes, ...containers];
  if (lost.length === 0) return undefined;
  return { reason: 'PodsLost', message: `not running any more: ${lost.join(', ')}`, final: false };
}

function isOwnEnd(end: ContainerEnd | undefined): boolean {
  if (end === undefined || end.reason === 'Unknown') return false;
  return !LOST_CODES.includes(end.exitCode) || end.reason === 'OOMKilled';
}
