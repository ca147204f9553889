import * as z from 'zod';

/**
 * What an installer run tells the operator: JSON in the container's termination message, at most 4096 bytes
 * (https://kubernetes.io/docs/tasks/debug/debug-application/determine-reason-pod-failure/). The exit code says the same
 * to tools that read nothing else.
 *
 * - installed: the change was made and proved live; unchanged: it was live already, nothing was restarted
 * - uninstalled: our change is undone and proved gone; absent: there was nothing of ours
 * - refused: this host cannot or must not be changed; nothing was touched, a person must act
 * - failed: it went wrong before anything live was touched; a retry may help
 * - rolledBack: it went wrong after; the host is as it was and containerd serves
 * - broken: the roll-back did not bring containerd back; never retried automatically
 */
export const OUTCOMES = [
  'installed',
  'unchanged',
  'uninstalled',
  'absent',
  'refused',
  'failed',
  'rolledBack',
  'broken',
] as const;
export type Outcome = (typeof OUTCOMES)[number];

export const EXIT_CODES: Readonly<Record<Outcome, number>> = {
  installed: 0,
  unchanged: 0,
  uninstalled: 0,
  absent: 0,
  failed: 1,
  refused: 10,
  rolledBack: 11,
  broken: 12,
};

const step = z.object({ name: z.string(), ms: z.number() });

/** Version 1. Fields are only ever added; a reader takes any version whose known fields parse. */
const verdictSchema = z.object({
  kind: z.literal('kwasm.sh/verdict'),
  version: z.number().int().min(1),
  outcome: z.enum(OUTCOMES),
  /** CamelCase, from the documented list; for machines. */
  reason: z.string(),
  /** One or two sentences for a person: what happened, what to do. */
  message: z.string(),
  /** Handlers proved live over CRI when the run ended. */
  handlers: z.array(z.string()),
  containerd: z.object({ version: z.string(), unit: z.string(), config: z.string() }).optional(),
  /** Host paths that were changed, in order. */
  files: z.array(z.string()),
  /** Of a refusal because pods are in the way: these, as `namespace/name/uid`, as many as there is room for. */
  pods: z.array(z.string()).optional(),
  steps: z.array(step),
});
export type Verdict = z.infer<typeof verdictSchema>;

const MESSAGE_BYTES_MAX = 4096;
const PODS_BYTES_MAX = 2048;

/** The termination message. Long texts are cut, whole fields never dropped, so that it always parses. */
export function printVerdict(given: Verdict): string {
  const verdict = given.pods === undefined ? given : { ...given, pods: fitting(given.pods) };
  const whole = JSON.stringify(verdict);
  const excess = Buffer.byteLength(whole) - MESSAGE_BYTES_MAX;
  if (excess <= 0) return whole;
  const keep = Math.max(0, verdict.message.length - excess - 200);
  const cut = JSON.stringify({
    ...verdict,
    message: `${verdict.message.slice(0, keep)} ...`,
    steps: [],
    files: verdict.files.slice(0, 10),
  });
  return Buffer.byteLength(cut) <= MESSAGE_BYTES_MAX
    ? cut
    : JSON.stringify({ ...verdict, message: '...', steps: [], files: [] });
}

/** The rest is named by the next run, when these are gone. */
function fitting(pods: readonly string[]): string[] {
  let left = PODS_BYTES_MAX;
  return pods.filter((pod) => {
    left -= Buffer.byteLength(JSON.stringify(pod)) + 1;
    return left >= 0;
  });
}

/** undefined: not one of ours (a third-party installer, or the container died before it could write). */
export function parseVerdict(terminationMessage: string): Verdict | undefined {
  let data: unknown;
  try {
    data = JSON.parse(terminationMessage);
  } catch {
    return undefined;
  }
  const parsed = verdictSchema.safeParse(data);
  return parsed.success ? parsed.data : undefined;
}
