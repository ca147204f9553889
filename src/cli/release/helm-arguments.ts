import type { ReleaseFlags } from '../release.ts';

/** What Helm is called with, for one of our commands. Pure, so that a test can read it. */

export interface Target {
  readonly release: string;
  readonly namespace: string;
  readonly chart: string;
}

export function installArguments(target: Target, flags: ReleaseFlags): readonly string[] {
  const { release, namespace, chart } = target;
  return ['install', release, chart, '--namespace', namespace, ...given(flags), ...common(flags)];
}

/** New keys have the new chart's defaults, and what was given before stays (Helm 3.14 and later). */
export function upgradeArguments(target: Target, flags: ReleaseFlags): readonly string[] {
  return [...upgrade(target), ...given(flags), ...common(flags)];
}

/** Before an uninstall that takes everything off: the hook that does it comes with this value. */
export function cleanupArguments(target: Target, flags: ReleaseFlags): readonly string[] {
  const seconds = `cleanup.deadlineSeconds=${Math.max(60, Math.floor(secondsOf(flags.timeout) * 0.9))}`;
  const set = ['--set', 'cleanup.onUninstall=true', '--set', seconds];
  return [...upgrade(target), ...set, ...common({ ...flags, wait: true })];
}

function upgrade({ release, namespace, chart }: Target): readonly string[] {
  return ['upgrade', release, chart, '--namespace', namespace, '--reset-then-reuse-values'];
}

export function uninstallArguments(
  { release, namespace }: Omit<Target, 'chart'>,
  flags: ReleaseFlags,
): readonly string[] {
  const dry = isDry(flags) ? ['--dry-run'] : [];
  return [
    'uninstall',
    release,
    '--namespace',
    namespace,
    '--wait',
    `--timeout=${flags.timeout}`,
    ...dry,
    ...cluster(flags),
  ];
}

/** Of what Helm prints at the end: NOTES.txt has its warnings last. */
export function warningsOf(said: string): string {
  const at = said.search(/^(NOTE|WARNING): /m);
  return at === -1 ? '' : `${said.slice(at).trimEnd()}\n`;
}

export function isDry({ dryRun }: Pick<ReleaseFlags, 'dryRun'>): boolean {
  return dryRun === 'client' || dryRun === 'server';
}

function given({ set = [], setString = [], values = [] }: ReleaseFlags): readonly string[] {
  return [
    ...values.flatMap((file) => ['--values', file]),
    ...set.flatMap((one) => ['--set', one]),
    ...setString.flatMap((one) => ['--set-string', one]),
  ];
}

function common(flags: ReleaseFlags): readonly string[] {
  const wait = flags.wait && !isDry(flags) ? ['--wait', `--timeout=${flags.timeout}`] : [];
  const dry = isDry(flags) ? [`--dry-run=${flags.dryRun}`] : [];
  return [...wait, ...dry, ...cluster(flags)];
}

function cluster({ context, kubeconfig, as, asGroup = [] }: ReleaseFlags): readonly string[] {
  return [
    ...(kubeconfig === undefined ? [] : ['--kubeconfig', kubeconfig]),
    ...(context === undefined ? [] : ['--kube-context', context]),
    ...(as === undefined ? [] : ['--kube-as-user', as]),
    ...asGroup.flatMap((group) => ['--kube-as-group', group]),
  ];
}

const UNITS: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600 };

export function secondsOf(duration: string): number {
  return [...duration.matchAll(/([\d.]+)(ms|s|m|h)/g)].reduce(
    (sum, [, count, unit]) => sum + Number(count) * (UNITS[unit ?? 's'] ?? 1),
    0,
  );
}
