import { firstFinding } from '../../operator/decide/check.ts';
import type { NodeView } from '../../operator/decide/view.ts';
import { type Answer, ok, warn } from './result.ts';

/** Which nodes could be changed, from what their kubelets say of them. The installer looks closer: `kwasm doctor`. */

/** Their root file systems are read-only, or made anew at each boot (docs/support.md). */
const UNCHANGEABLE: readonly (readonly [RegExp, string])[] = [
  [/talos/i, 'Talos'],
  [/bottlerocket/i, 'Bottlerocket'],
  [/container-optimized os/i, 'Container-Optimized OS'],
];

export function whyUnfit(node: NodeView): string | undefined {
  const os = UNCHANGEABLE.find(([pattern]) => pattern.test(node.kind))?.[1];
  if (os !== undefined) return `${os} cannot be changed from a pod`;
  const version = /^containerd:\/\/v?(\d+)\.(\d+)/.exec(node.runtime);
  if (version !== null && isTooOld(Number(version[1]), Number(version[2])))
    return `${node.runtime.replace('://', ' ')} is older than 1.6`;
  return firstFinding(node)?.message;
}

function isTooOld(major: number, minor: number): boolean {
  return major === 0 || (major === 1 && minor < 6);
}

export function judgeNodes(nodes: readonly NodeView[]): Answer {
  const unfit = nodes.flatMap((node) => {
    const why = whyUnfit(node);
    return why === undefined ? [] : [{ name: node.name, why }];
  });
  if (unfit.length === 0) return ok(`${nodes.length} of ${nodes.length}`);
  const groups = Map.groupBy(unfit, ({ why }) => why);
  const said = [...groups].map(([why, its]) => `${some(its.map(({ name }) => name))}: ${why}`).join('; ');
  const fix =
    'leave them out when you enable nodes; the operator refuses them and says so. Table of distributions: docs/support.md';
  return warn(`${nodes.length - unfit.length} of ${nodes.length}. ${said}`, fix);
}

export function some(names: readonly string[]): string {
  const shown = names.slice(0, 3).join(', ');
  return names.length > 3 ? `${shown} and ${names.length - 3} more` : shown;
}
