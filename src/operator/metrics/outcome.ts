import type { Settled } from '../decide/action.ts';

/** What a Job came to, coarse enough to be a label of a histogram. The counter of Jobs has the reason itself. */
export const OUTCOMES = {
  succeeded: 'it did what it should, and proved it',
  unchanged: 'everything was in place: it proved that, wrote nothing and restarted nothing',
  refused: 'nothing was touched: the host, or pods on it, are in the way',
  failed: 'it went wrong before anything live was touched',
  rolled_back: 'the change did not prove itself and was undone',
  broken: 'the roll-back did not bring containerd back',
  lost: 'it ended without a verdict: never started, evicted, out of time, deleted',
} as const;

export type Outcome = keyof typeof OUTCOMES;

const OF: { readonly [reason in Settled['reason']]?: Outcome } = {
  Provisioned: 'succeeded',
  Uninstalled: 'succeeded',
  Refused: 'refused',
  UninstallRefused: 'refused',
  InUse: 'refused',
  PodsAtRisk: 'refused',
  NoHandlers: 'failed',
  InstallFailed: 'failed',
  UninstallFailed: 'failed',
  RolledBack: 'rolled_back',
  Broken: 'broken',
};

export function outcomeOf({ reason, unchanged }: Pick<Settled, 'reason' | 'unchanged'>): Outcome {
  if (unchanged) return 'unchanged';
  return OF[reason] ?? 'lost';
}
