import { classNotes } from './class.ts';
import type { Facts } from './facts.ts';
import type { Policy, WantedClass } from './policy.ts';
import type { Finding } from './reason.ts';
import type { NodeRecord } from './record.ts';
import { retryText } from './retry.ts';
import type { JobView } from './view.ts';

/** What is said of an install, and how long it took. */

export function provisioned(
  { classes }: Facts,
  policy: Policy,
  { handlers, containerd, image, canary }: NodeRecord,
): Finding {
  const runtime = containerd === '' ? 'containerd' : `containerd ${containerd}`;
  const pod = canary === undefined ? '' : ` and by a pod on ${canary.join(', ')}`;
  const proved = `${runtime} serves ${handlers.join(', ')}, proved live after the install with ${image}${pod}.`;
  const left = policy.onNode?.kind === 'given' ? policy.onNode.notes : [];
  const notes = [...classNotes(handlers, classesOf(policy), classes), ...left].map(sentence);
  return { reason: 'Provisioned', message: [proved, ...notes].join(' ') };
}

/** Those that pods of this node may name. */
function classesOf({ runtimeClasses, onNode }: Policy): readonly WantedClass[] {
  if (onNode?.kind !== 'given') return runtimeClasses;
  const own = onNode.shims.flatMap(({ spec }) => spec.runtimeClasses.map((one) => ({ ...one, handler: spec.handler })));
  return [...runtimeClasses, ...own.filter(({ name }) => !runtimeClasses.some((one) => one.name === name))];
}

export function failure({ reason, message, attempts, handlers, heals }: NodeRecord): Finding {
  const kept = handlers.length === 0 ? '' : ` Handlers of the earlier install still serve: ${handlers.join(', ')}.`;
  return { reason, message: `${sentence(message)} ${retryText(reason, attempts, 'install', heals)}${kept}` };
}

export function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

export function took(job: JobView | undefined): number {
  return job?.end === undefined ? 0 : Math.max(0, job.end.atMs - job.createdMs);
}

export function oldInstaller({ name }: JobView): Finding {
  return {
    reason: 'OldInstallerRunning',
    message: `Job ${name} of KWasm's own operator works on this node; ours waits`,
  };
}
