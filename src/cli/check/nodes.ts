import { READ_ONLY_SYSTEMS } from '../../installer/plan/read-only-systems.ts';
import { firstFinding } from '../../operator/decide/check.ts';
import type { NodeView } from '../../operator/decide/view.ts';
import { type Answer, ok, warn } from './result.ts';

/** Which nodes could be changed, from what their kubelets say of them. The installer looks closer: `kwasm doctor`. */

export interface Unfit {
  readonly why: string;
  /** What to do instead; undefined: what holds for all of them. */
  readonly instead?: string;
}

export function whyUnfit(node: NodeView): Unfit | undefined {
  const system = READ_ONLY_SYSTEMS.find(({ image }) => image.test(node.kind));
  if (system !== undefined) return { why: `${system.name} cannot be changed from a pod`, instead: system.instead };
  const version = /^containerd:\/\/v?(\d+)\.(\d+)/.exec(node.runtime);
  if (version !== null && isTooOld(Number(version[1]), Number(version[2])))
    return {
      why: `${node.runtime.replace('://', ' ')} is older than 1.6`,
      instead: 'upgrade containerd on these nodes',
    };
  const finding = firstFinding(node);
  return finding === undefined ? undefined : { why: finding.message };
}

function isTooOld(major: number, minor: number): boolean {
  return major === 0 || (major === 1 && minor < 6);
}

export function judgeNodes(nodes: readonly NodeView[]): Answer {
  const unfit = nodes.flatMap((node) => {
    const found = whyUnfit(node);
    return found === undefined ? [] : [{ name: node.name, ...found }];
  });
  if (unfit.length === 0) return ok(`${nodes.length} of ${nodes.length}`);
  const groups = Map.groupBy(unfit, ({ why }) => why);
  const said = [...groups].map(([why, its]) => `${some(its.map(({ name }) => name))}: ${why}`).join('; ');
  const ways = new Set(unfit.flatMap(({ instead }) => instead ?? []));
  const fix = [
    ...ways,
    'leave them out when you enable nodes; the operator refuses them before anything is changed, and says so. Table of distributions: docs/support.md',
  ].join('. ');
  return warn(`${nodes.length - unfit.length} of ${nodes.length}. ${said}`, fix);
}

export function some(names: readonly string[]): string {
  const shown = names.slice(0, 3).join(', ');
  return names.length > 3 ? `${shown} and ${names.length - 3} more` : shown;
}
