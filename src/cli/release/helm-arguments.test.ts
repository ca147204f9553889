import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import type { ReleaseFlags } from '../release.ts';
import { explainValues } from './explain.ts';
import {
  cleanupArguments,
  installArguments,
  secondsOf,
  uninstallArguments,
  upgradeArguments,
  warningsOf,
} from './helm-arguments.ts';

const target = { release: 'r', namespace: 'n', chart: '/c' };
const flags: ReleaseFlags = { release: 'r', wait: true, timeout: '5m' };

describe('what Helm is called with', () => {
  it('hands values and the cluster on, files first, as they override in Helm', () => {
    const given = {
      ...flags,
      set: ['a=1'],
      setString: ['b=2'],
      values: ['f.yaml'],
      context: 'k',
      kubeconfig: '/kc',
      as: 'me',
    };
    expect(installArguments(target, given).join(' ')).to.equal(
      'install r /c --namespace n --values f.yaml --set a=1 --set-string b=2 --wait --timeout=5m --kubeconfig /kc --kube-context k --kube-as-user me',
    );
  });

  it('waits for nothing in a dry run', () => {
    const dry = installArguments(target, { ...flags, dryRun: 'server' });
    expect(dry).to.include('--dry-run=server').and.not.to.include('--wait');
    expect(uninstallArguments(target, { ...flags, dryRun: 'client' })).to.include('--dry-run');
  });

  it('keeps the values of before in an upgrade, and takes everything off within the time', () => {
    expect(upgradeArguments(target, flags)).to.include('--reset-then-reuse-values');
    expect(cleanupArguments(target, flags))
      .to.include('cleanup.onUninstall=true')
      .and.to.include('cleanup.deadlineSeconds=270');
  });

  it('prints of the chart’s notes what they warn of, and nothing else', () => {
    const notes = 'kwasm-operator runs.\n\n1. Wait for it\n     kubectl ...\n';
    expect(warningsOf(notes)).to.equal('');
    const warned = 'NOTE: image is replaced\n\nWARNING: the Job x is still there:\n     kubectl delete job x\n';
    expect(warningsOf(`${notes}\n${warned}\n`)).to.equal(warned);
  });
  it('reads durations as Helm does', () =>
    expect([secondsOf('1h30m'), secondsOf('90s'), secondsOf('1.5m')]).to.deep.equal([5400, 90, 90]));
});

describe('values explained', () => {
  const values = readFileSync(new URL('../../../helm/kwasm-operator/values.yaml', import.meta.url), 'utf8');

  it('shows a part with its comments', () => {
    const text = explainValues(values, 'kwasmOperator.drift');
    expect(text)
      .to.contain('proofHours: null')
      .and.to.match(/# .*provisioned again/);
    expect(text).not.to.contain('imageRegistry');
  });
  it('shows a single value', () =>
    expect(explainValues(values, 'replicaCount')).to.match(/^# 0 pauses the operator[\s\S]*replicaCount: 1\n$/));
  it('shows everything', () => expect(explainValues(values, true)).to.equal(values));
  it('says what there is instead', () =>
    expect(() => explainValues(values, 'kwasmOperator.rolout')).to.throw(/no value kwasmOperator\.rolout; .*rollout/));
});
