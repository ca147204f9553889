import { expect } from 'chai';
import { nodeView } from './examples.ts';
import { policyOf } from './uninstall-policy.ts';

describe('policyOf', () => {
  const none = { annotation: undefined, label: undefined };
  const cases = [
    { asks: none, chart: 'Block', perNode: false, is: 'Block' },
    { asks: none, chart: 'Evict', perNode: false, is: 'Evict' },
    { asks: { ...none, annotation: 'Force' }, chart: 'Block', perNode: true, is: 'Force' },
    { asks: { ...none, label: 'Evict' }, chart: 'Block', perNode: true, is: 'Evict' },
    { asks: { annotation: 'Evict', label: 'Force' }, chart: 'Block', perNode: true, is: 'Evict' },
    { asks: { ...none, annotation: 'Block' }, chart: 'Force', perNode: false, is: 'Block' },
    { asks: { ...none, annotation: 'Force' }, chart: 'Block', perNode: false, is: 'Block', note: 'is not followed' },
    { asks: { ...none, annotation: 'Force' }, chart: 'Evict', perNode: false, is: 'Evict', note: 'is not followed' },
    { asks: { ...none, annotation: 'force' }, chart: 'Force', perNode: true, is: 'Block', note: '"force"' },
    { asks: { ...none, label: 'Evict' }, chart: 'Evict', perNode: false, is: 'Evict' },
  ] as const;
  for (const { asks, chart, perNode, is, ...more } of cases) {
    it(`${chart}, perNode ${perNode}, the node says ${asks.annotation ?? '-'} / ${asks.label ?? '-'}: ${is}`, () => {
      const chosen = policyOf(nodeView({ uninstallPolicy: asks }), {
        uninstall: { policy: chart, perNode, timeoutSeconds: 60 },
      });
      expect(chosen.policy).to.equal(is);
      expect(chosen.note).to.contain('note' in more ? more.note : '');
      if (!('note' in more)) expect(chosen.note).to.equal('');
    });
  }
});
