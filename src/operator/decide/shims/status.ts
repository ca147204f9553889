import { fieldsOf } from './project.ts';
import type { ShimReason } from './reason.ts';
import type { Rule } from './rules.ts';
import type { Problem, Tally } from './tally.ts';
import type { ShimView } from './view.ts';

export interface ShimStatus {
  readonly observedGeneration: number;
  readonly nodes: Readonly<Record<'desired' | 'ready' | 'pending' | 'failed' | 'leaving', number>>;
  readonly problems: readonly Problem[];
  readonly conditions: readonly ShimCondition[];
}

export interface ShimCondition {
  readonly type: 'Ready' | 'Progressing' | 'Degraded';
  readonly status: 'True' | 'False';
  readonly reason: ShimReason;
  readonly message: string;
  readonly lastTransitionTime: string;
  readonly observedGeneration: number;
}

/** Why Shims are not installed in this cluster at all. */
export type Unused = 'ThirdPartyInstaller' | 'DaemonSetMode';

type Said = readonly [status: boolean, reason: ShimReason, message: string];

/** What is to be said of a Shim, with the times of conditions that have not changed. */
export function statusOf(
  shim: ShimView,
  rule: Rule | undefined,
  counts: Tally,
  unused: Unused | undefined,
  nowMs: number,
): ShimStatus {
  const { desired, ready, failed, leaving, problems } = counts;
  const said = saidOf(rule, counts, unused);
  const before = conditionsIn(shim.status);
  return {
    observedGeneration: shim.generation,
    nodes: { desired, ready, failed, pending: desired - ready - failed, leaving: leaving.length },
    problems,
    conditions: (['Ready', 'Progressing', 'Degraded'] as const).map((type) => {
      const [is, reason, message] = said[type];
      const status = is ? 'True' : 'False';
      const old = before.find((one) => one.type === type);
      const since = old?.status === status ? old.lastTransitionTime : undefined;
      const lastTransitionTime = since ?? `${new Date(nowMs).toISOString().slice(0, 19)}Z`;
      return { type, status, reason, message, lastTransitionTime, observedGeneration: shim.generation };
    }),
  };
}

function saidOf(
  rule: Rule | undefined,
  { desired, ready, failed, leaving, problems }: Tally,
  unused: Unused | undefined,
): Readonly<Record<ShimCondition['type'], Said>> {
  const well: Said = [false, 'AsExpected', 'nothing is wrong'];
  const failures = `${nodes(failed)} failed: ${named(problems)}`;
  const wrong: Said = failed > 0 ? [true, 'NodesFailed', failures] : well;
  if (rule?.state.kind === 'leaving') {
    const some = leaving.slice(0, NAMED_MAX).map(({ node }) => node);
    const more = leaving.length > NAMED_MAX ? ' and others' : '';
    const which = leaving.length === 0 ? '' : `: ${some.join(', ')}${more}`;
    const message = `${nodes(leaving.length)} may still have it${which}. ${named(problems)}`.trim();
    const removing: Said = [true, 'Removing', message];
    return { Ready: [false, 'Removing', message], Progressing: removing, Degraded: wrong };
  }
  if (unused !== undefined) {
    const idle: Said = [false, unused, UNUSED[unused]];
    return { Ready: idle, Progressing: idle, Degraded: well };
  }
  if (rule?.state.kind === 'refused') {
    const { reason, message } = rule.state;
    return {
      Ready: [false, reason, message],
      Progressing: [false, reason, message],
      Degraded: [true, reason, message],
    };
  }
  if (desired + leaving.length === 0) {
    const none: Said = [true, 'NoNodes', 'no node is to have it'];
    return { Ready: none, Progressing: [false, 'NoNodes', 'no node is to have it'], Degraded: well };
  }
  const left = desired - ready - failed + leaving.length;
  const done = ready === desired && leaving.length === 0;
  const message = `${ready} of ${nodes(desired)} ${desired === 1 ? 'has' : 'have'} it${leaving.length === 0 ? '' : `; ${leaving.length} are to lose it`}`;
  const reason: ShimReason = done ? 'Ready' : failed > 0 ? 'NodesFailed' : 'RollingOut';
  return {
    Ready: [done, reason, failed > 0 ? `${message}; ${failures}` : message],
    Progressing: [left > 0, left > 0 ? 'RollingOut' : 'AsExpected', message],
    Degraded: wrong,
  };
}

const UNUSED: Readonly<Record<Unused, string>> = {
  ThirdPartyInstaller: 'kwasmOperator.installerImage is a third-party installer: it brings what it brings, and no Shim',
  DaemonSetMode: 'in mode daemonset every node gets what the image of the installer brings, and no Shim',
};

const NAMED_MAX = 3;

const nodes = (count: number): string => (count === 1 ? '1 node' : `${count} nodes`);

/** The first ones; the rest is in `problems`, or comes when these are mended. */
function named(problems: readonly Problem[]): string {
  return problems
    .slice(0, NAMED_MAX)
    .map(({ node, reason, message }) => `${node}: ${reason}: ${message}`)
    .join('; ');
}

type Old = { readonly type?: unknown; readonly status?: unknown; readonly lastTransitionTime?: string };

function conditionsIn(status: string): readonly Old[] {
  if (status === '') return [];
  const { conditions } = fieldsOf(JSON.parse(status));
  return Array.isArray(conditions) ? conditions.map((one) => fieldsOf(one)) : [];
}

/** The same, whatever order the API server gives the fields back in. */
export function saysTheSame(status: object, text: string): boolean {
  return text !== '' && JSON.stringify(sorted(status)) === JSON.stringify(sorted(JSON.parse(text)));
}

function sorted(data: unknown): unknown {
  if (Array.isArray(data)) return data.map(sorted);
  if (typeof data !== 'object' || data === null) return data;
  return Object.fromEntries(
    Object.entries(data)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, value]) => [key, sorted(value)]),
  );
}
