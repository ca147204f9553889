import { readAssets } from './assets.ts';
import { detect } from './detect/facts.ts';
import { assertSameHost } from './detect/identity.ts';
import type { Facts } from './plan/facts.ts';
import { planInstall } from './plan/install.ts';
import { printChange } from './plan/line-diff.ts';
import { shimPath } from './plan/shim.ts';
import type { Run } from './run.ts';

/** `detect`: what was found, and what an install would do. Changes nothing, takes no lock. */
export async function show(run: Run): Promise<{ readonly text: string; readonly refused: boolean }> {
  assertSameHost(run.host);
  const { facts, cri } = await detect(run.host, () => run.clock.nowMs());
  cri?.close();
  const plan = planInstall(facts, readAssets(run.assets));
  const lines = [...describe(facts), ''];
  switch (plan.kind) {
    case 'refused':
      lines.push(`An install would be refused (${plan.finding.reason}): ${plan.finding.message}`);
      break;
    case 'absent':
    case 'unchanged':
      lines.push('An install would change nothing: the handlers are live already.');
      break;
    case 'change':
      lines.push('An install would write these files, restart containerd and prove the result over CRI:', '');
      for (const shim of readAssets(run.assets).filter(({ arch }) => arch === facts.host.arch))
        lines.push(`+++ ${shimPath(shim)}`);
      lines.push(...plan.files.map(printChange));
  }
  return { text: `${lines.join('\n')}\n`, refused: plan.kind === 'refused' };
}

function describe({ host, runtime }: Facts): readonly string[] {
  const lines = [
    `machine      ${host.machineId} (${host.arch}, ${host.os})`,
    `init         ${host.systemd ? 'systemd' : 'not systemd'}`,
    `read-only    ${host.readOnly.join(', ') || 'nothing we write to'}`,
  ];
  if (runtime.kind === 'none') return [...lines, `runtime      none on ${runtime.searched.join(', ')}`];
  if (runtime.kind === 'other') return [...lines, `runtime      ${runtime.name} on ${runtime.socket}`];
  const { config } = runtime;
  return [
    ...lines,
    `runtime      containerd ${runtime.version}, pid ${runtime.pid}, ${runtime.binary}`,
    `socket       ${runtime.socket}`,
    `unit         ${runtime.unit || 'none'}`,
    `config       ${config.root.path}${config.root.kind === 'absent' ? ' (absent: built-in defaults)' : ''}${runtime.generatedBy === undefined ? '' : `, written by ${runtime.generatedBy}`}`,
    `imports      ${[...config.globs, ...config.imported.map(({ path }) => path)].join(', ') || 'none'}`,
    `handlers     ${runtime.live.map(({ name, type }) => `${name} (${type})`).join(', ')}`,
  ];
}
