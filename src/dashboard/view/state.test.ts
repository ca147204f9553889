import { expect } from 'chai';
import { facts, jobView, NOW_MS, nodeView, policy, said } from '../../operator/decide/examples.ts';
import { recordOf as makeRecord } from '../../operator/decide/progress.ts';
import { REASONS, type Reason } from '../../operator/decide/reason.ts';
import type { NodeView } from '../../operator/decide/view.ts';
import { actionOf, stateOf } from './state.ts';

const withReason = (reason: string, more: Partial<NodeView> = {}): NodeView =>
  nodeView({ condition: { status: 'False', reason, message: '', sinceMs: NOW_MS }, ...more });

/** A node whose last run failed so often for this reason. */
function failedSo(reason: Reason, attempts: number): NodeView {
  const run = { state: 'failed', job: undefined, finding: { reason, message: '' }, containerd: '' } as const;
  const record = { ...makeRecord(facts(), policy, run, undefined, [], NOW_MS), attempts };
  return withReason(reason, { record: JSON.stringify(record) });
}

describe('state of a node', () => {
  const cases = [
    { name: 'nobody asked', node: nodeView({ trigger: { annotation: undefined, label: undefined } }), is: 'idle' },
    { name: 'asked, and the operator said nothing yet', node: nodeView(), is: 'waiting' },
    { name: 'asked by label', node: nodeView({ trigger: { annotation: undefined, label: 'true' } }), is: 'waiting' },
    { name: 'proved', node: withReason('Provisioned'), is: 'ready' },
    { name: 'not its turn', node: withReason('Waiting'), is: 'waiting' },
    { name: 'paused', node: withReason('Paused'), is: 'held' },
    { name: 'behind a failure', node: withReason('RolloutStopped'), is: 'held' },
    { name: 'only a person helps', node: withReason('Broken'), is: 'failed' },
    { name: 'one failed try of several', node: failedSo('ImagePullFailed', 1), is: 'retrying' },
    { name: 'all tries used up', node: failedSo('ImagePullFailed', 6), is: 'failed' },
    { name: 'tried without end', node: failedSo('PodsAtRisk', 60), is: 'retrying' },
    { name: 'a reason of a later operator', node: withReason('Levitating'), is: 'waiting' },
  ] as const;
  for (const { name, node, is } of cases) it(`${name}: ${is}`, () => expect(stateOf(node, [])).to.equal(is));

  it('is in work while a Job has not ended, whatever the condition still says', () => {
    expect(stateOf(withReason('Provisioned'), [jobView()])).to.equal('working');
    const end = { kind: 'complete', reason: '', message: '', atMs: NOW_MS } as const;
    expect(stateOf(withReason('Provisioned'), [jobView({ end })])).to.equal('ready');
  });

  it('has a state for each documented reason, and never idle', () => {
    for (const reason of Object.keys(REASONS)) expect(stateOf(withReason(reason), []), reason).not.to.equal('idle');
  });

  it('knows what is being done', () => {
    const unasked = { trigger: { annotation: undefined, label: undefined } };
    expect(actionOf(withReason('InUse', unasked), [])).to.equal('uninstall');
    expect(actionOf(withReason('Provisioned'), [jobView({ action: 'uninstall' })])).to.equal('uninstall');
    expect(actionOf(withReason('CanaryRunning'), [jobView({ action: 'canary' })])).to.equal('install');
    expect(actionOf(nodeView(unasked), [])).to.equal(undefined);
    expect(said('installed').kind).to.equal('ended');
  });
});
