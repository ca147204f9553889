import type { V1Node, V1Pod } from '@kubernetes/client-node';
import { expect } from 'chai';
import { type Outcome, printVerdict } from '../../src/verdict.ts';
import { finishedUids, nodeView, type Snapshot, without } from './view.ts';

function jobPod(node: string, state: object, action = 'install', uid = 'u'): V1Pod {
  return {
    metadata: { uid, labels: { 'kwasm.sh/job': 'true', 'kwasm.sh/action': action } },
    spec: { nodeName: node, containers: [] },
    status: {
      containerStatuses: [{ name: 'kwasm-provision', state, image: '', imageID: '', ready: false, restartCount: 0 }],
    },
  };
}

function ended(outcome: Outcome): object {
  const rest = { reason: 'R', message: '', handlers: [], files: [], steps: [] };
  return {
    terminated: { exitCode: 0, message: printVerdict({ kind: 'kwasm.sh/verdict', version: 1, outcome, ...rest }) },
  };
}

function demoPod(node: string | undefined, state: object): V1Pod {
  return {
    metadata: { name: 'demo' },
    spec: { containers: [], ...(node === undefined ? {} : { nodeName: node }) },
    status: { containerStatuses: [{ name: 'hello', state, image: '', imageID: '', ready: false, restartCount: 0 }] },
  };
}

const labelled: V1Node = { metadata: { name: 'a', labels: { 'runtime.kwasm.sh/wasmtime': 'true' } } };
const empty: Snapshot = { nodes: [{ metadata: { name: 'a' } }], jobPods: [], demoPods: [] };
const nothing = {
  jobMade: false,
  installerStarted: false,
  verdict: undefined,
  labelled: false,
  podScheduled: false,
  podStarted: false,
  answered: false,
};

describe('view of a node', () => {
  const cases = [
    { name: 'nothing yet', given: {}, seen: {} },
    { name: 'a Job waits for its image', given: { jobPods: [jobPod('a', { waiting: {} })] }, seen: { jobMade: true } },
    {
      name: 'an installer runs',
      given: { jobPods: [jobPod('a', { running: {} })] },
      seen: { jobMade: true, installerStarted: true },
    },
    { name: 'a Job of another node', given: { jobPods: [jobPod('b', { running: {} })] }, seen: {} },
    { name: 'a Job that uninstalls', given: { jobPods: [jobPod('a', { running: {} }, 'uninstall')] }, seen: {} },
    {
      name: 'an installer that failed is no verdict to build on',
      given: { jobPods: [jobPod('a', ended('rolledBack'))] },
      seen: { jobMade: true, installerStarted: true },
    },
    { name: 'a label', given: { nodes: [labelled] }, seen: { labelled: true } },
    { name: 'a pod without a node', given: { demoPods: [demoPod(undefined, {})] }, seen: {} },
    { name: 'a pod that starts', given: { demoPods: [demoPod('a', { waiting: {} })] }, seen: { podScheduled: true } },
    {
      name: 'a pod that runs',
      given: { demoPods: [demoPod('a', { running: {} })] },
      seen: { podScheduled: true, podStarted: true },
    },
  ];
  for (const { name, given, seen } of cases) {
    it(name, () => expect(nodeView({ ...empty, ...given }, 'a', false)).to.deep.equal({ ...nothing, ...seen }));
  }

  it('takes the verdict of the attempt that worked', () => {
    const pods = [jobPod('a', ended('failed')), jobPod('a', ended('installed'))];
    expect(nodeView({ ...empty, jobPods: pods }, 'a', false).verdict).to.have.property('outcome', 'installed');
  });

  it('passes over what an earlier run finished, not over what still runs', () => {
    const old: V1Pod = jobPod('a', ended('installed'), 'install', 'old');
    const done = { ...old, status: { ...old.status, phase: 'Succeeded' } };
    const running = jobPod('a', { running: {} }, 'install', 'new');
    const snapshot = { ...empty, jobPods: [done, running] };
    const view = nodeView(without(snapshot, finishedUids(snapshot)), 'a', false);
    expect(view).to.include({ jobMade: true, installerStarted: true, verdict: undefined });
  });
});
