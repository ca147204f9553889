import { detect } from './detect/facts.ts';
import { assertSameHost } from './detect/identity.ts';
import { findLeftovers } from './detect/leftovers.ts';
import { placeOf, shownUrl } from './fetch/place.ts';
import { describeHistory } from './history.ts';
import type { HostOrder } from './orders.ts';
import type { ConfigFacts, Facts } from './plan/facts.ts';
import { planInstall } from './plan/install.ts';
import { printChange } from './plan/line-diff.ts';
import type { Run } from './run.ts';
import { knownShims, unknownShim } from './supply.ts';

const LEFT_OVER_MAX = 8;

/** `detect`: what was found, and what an install would do. Changes nothing, takes no lock. */
export async function show(run: Run): Promise<{ readonly text: string; readonly refused: boolean }> {
  assertSameHost(run.host);
  const { facts, cri } = await detect(run.host, () => run.clock.nowMs());
  cri?.close();
  const { shims, missing, notes } = knownShims(run, facts);
  const plan = planInstall(facts, [...shims, ...missing.map((one) => unknownShim(one, facts.host.arch))]);
  const lines = [...describe(facts), ...leftOver(run), '', ...missing.map((one) => downloadLine(one, run)), ...notes];
  if (missing.length > 0) lines.push('');
  switch (plan.kind) {
    case 'refused':
      lines.push(`An install would be refused (${plan.finding.reason}): ${plan.finding.message}`);
      break;
    case 'absent':
    case 'unchanged':
      lines.push('An install would change nothing: the handlers are live already.');
      break;
    case 'change':
      lines.push(`An install would write these files, ${restarts(facts)} and prove the result over CRI:`, '');
      for (const { type } of plan.handlers) lines.push(`+++ ${type}`);
      lines.push(...plan.files.map(printChange));
  }
  lines.push('', ...describeHistory(run.host));
  return { text: `${lines.join('\n')}\n`, refused: plan.kind === 'refused' };
}

/** Files of KWasm's installers and of runtime-class-manager, whether something still uses them or not. */
function leftOver({ host }: Run): readonly string[] {
  const paths = findLeftovers(host).map(({ path }) => path);
  if (paths.length === 0) return [];
  const more = paths.length > LEFT_OVER_MAX ? ` and ${paths.length - LEFT_OVER_MAX} more` : '';
  return [`left over    ${paths.slice(0, LEFT_OVER_MAX).join(', ')}${more}, of another installer`];
}

function downloadLine({ order, source }: HostOrder, { fetch }: Run): string {
  if (source.kind !== 'https') return '';
  return `An install would download ${order.name} ${order.version} from ${shownUrl(placeOf(source.url, fetch.mirror))} (SHA-256 ${source.sha256})`;
}

function origin({ source }: ConfigFacts): string {
  switch (source.kind) {
    case 'file':
      return '';
    case 'template':
      return `, rendered at each start from ${source.files.find(({ kind }) => kind === 'file')?.path ?? 'a built-in template'}`;
    case 'merged':
      return `, made at each start with the files of ${source.directory}`;
  }
}

function restarts({ runtime }: Facts): string {
  if (runtime.kind !== 'containerd') return '';
  const { name, reload, verifySeconds } = runtime.distribution;
  const within = `(within ${verifySeconds} s)`;
  return reload.kind === 'watched'
    ? `upon which ${name} restarts containerd ${within},`
    : `restart ${runtime.unit} ${within}`;
}

function describe({ host, runtime }: Facts): readonly string[] {
  const lines = [
    `machine      ${host.machineId} (${host.arch}, ${host.os})`,
    `init         ${host.systemd ? 'systemd' : 'not systemd'}`,
    `read-only    ${host.readOnly.join(', ') || 'nothing we write to'}`,
    ...(host.platform === undefined ? [] : [`platform     ${host.platform.name}: ${host.platform.note}`]),
  ];
  if (runtime.kind === 'none') return [...lines, `runtime      none on ${runtime.searched.join(', ')}`];
  if (runtime.kind === 'other') return [...lines, `runtime      ${runtime.name} on ${runtime.socket}`];
  const { config, distribution } = runtime;
  return [
    ...lines,
    ...(distribution.kind === 'generic' ? [] : [`started by   ${distribution.name} ${distribution.release}`.trimEnd()]),
    `runtime      containerd ${runtime.version}, pid ${runtime.pid}, ${runtime.binary}`,
    `socket       ${runtime.socket}`,
    `unit         ${runtime.unit || 'none'}`,
    `config       ${config.root.path}${config.root.kind === 'absent' ? ' (absent: built-in defaults)' : ''}${origin(config)}`,
    `imports      ${[...config.globs, ...config.imported.map(({ path }) => path)].join(', ') || 'none'}`,
    `handlers     ${runtime.live.map(({ name, type }) => `${name} (${type})`).join(', ')}`,
  ];
}
