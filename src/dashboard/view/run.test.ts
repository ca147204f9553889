import type { V1Pod } from '@kubernetes/client-node';
import { expect } from 'chai';
import { jobView, NOW_MS, said } from '../../operator/decide/examples.ts';
import { runsOf, seePod } from './run.ts';

const at = (seconds: number) => new Date(NOW_MS + seconds * 1000).toISOString();

type Terminated = { readonly exitCode: number; readonly message?: string; readonly reason?: string };

function pod(containers: Readonly<Record<string, Terminated | 'running' | 'pulling'>>, phase: string): V1Pod {
  const statuses = Object.entries(containers).map(([name, is]) => ({
    name,
    state:
      is === 'running'
        ? { running: {} }
        : is === 'pulling'
          ? { waiting: { reason: 'ErrImagePull', message: '403' } }
          : { terminated: { ...is, startedAt: at(1), finishedAt: at(9) } },
  }));
  const metadata = {
    name: 'p',
    uid: 'pod-1',
    creationTimestamp: at(0),
    ownerReferences: [{ kind: 'Job', uid: 'job-1' }],
  };
  return { metadata, spec: { nodeName: 'n1' }, status: { phase, containerStatuses: statuses } } as unknown as V1Pod;
}

const verdict = (outcome: 'installed' | 'rolledBack') => {
  const state = said(outcome, ['wasmtime'], { steps: [{ name: 'restart', ms: 900 }], files: ['/etc/x'] });
  return state.kind === 'ended' ? { exitCode: state.exitCode, message: state.text } : { exitCode: 1 };
};

describe('runs of a node', () => {
  it('have the steps of the verdict and the times of the containers', () => {
    const end = { kind: 'complete', reason: '', message: '', atMs: NOW_MS + 10_000 } as const;
    const [run] = runsOf([jobView({ end })], [seePod(pod({ 'kwasm-provision': verdict('installed') }, 'Succeeded'))]);
    expect(run).to.include({
      action: 'install',
      outcome: 'installed',
      startedMs: NOW_MS + 1000,
      endedMs: NOW_MS + 9000,
    });
    expect(run?.steps).to.deep.equal([{ name: 'restart', ms: 900 }]);
  });

  it('take the word of the guard over that of the one it guarded, and show nothing a stranger wrote', () => {
    const containers = {
      'kwasm-provision': { exitCode: 1, message: 'password=x' },
      'kwasm-guard': verdict('rolledBack'),
    };
    const [guarded] = runsOf([jobView({ guarded: true })], [seePod(pod(containers, 'Failed'))]);
    expect(guarded?.outcome).to.equal('rolledBack');
    const alone = { 'kwasm-provision': { exitCode: 3, message: 'password=x', reason: 'Error' } };
    const [lost] = runsOf([jobView()], [seePod(pod(alone, 'Failed'))]);
    expect(lost).to.include({ outcome: 'lost', message: 'exit code 3, Error' });
    expect(JSON.stringify([guarded, lost])).not.to.contain('password');
  });

  it('say what keeps a pod from starting', () => {
    const [run] = runsOf([jobView()], [seePod(pod({ 'kwasm-provision': 'pulling' }, 'Pending'))]);
    expect(run).to.include({ outcome: 'running', endedMs: 0, message: 'ErrImagePull: 403', startedMs: NOW_MS });
    const [going] = runsOf([jobView()], [seePod(pod({ 'kwasm-provision': 'running' }, 'Running'))]);
    expect(going).to.include({ outcome: 'running', message: '' });
  });

  it('are there for a Job whose pod is gone or was never made, newest first', () => {
    const refused = jobView({ name: 'late', uid: 'job-2', createdMs: NOW_MS + 60_000 });
    const runs = runsOf([jobView(), refused], [seePod(pod({ 'kwasm-provision': 'running' }, 'Running'))]);
    expect(runs.map(({ job }) => job)).to.deep.equal(['late', 'n1-provision-kwasm']);
    expect(runs[0]?.message).to.equal('no pod of it is there');
  });
});
