import { expect } from 'chai';
import { type Baseline, type ContainerEnd, findLoss, type Observed } from './loss.ts';

const runc = { name: 'runc', type: 'io.containerd.runc.v2', options: { SystemdCgroup: true } };
const ours = { name: 'wasmtime', type: '/opt/kwasm/shims/w/0/s', options: { SystemdCgroup: true } };
const expected = { handlers: [{ name: 'wasmtime', type: ours.type, systemdCgroup: true }], gone: [] };
const baseline: Baseline = {
  handlers: [runc],
  sandboxes: [{ id: 's1', pod: 'shop/web', podUid: 'u1' }],
  containers: [{ id: 'c1', name: 'nginx', pod: 'shop/web', podUid: 'u1' }],
};
const good: Observed = {
  ready: true,
  message: '',
  handlers: [runc, ours],
  readySandboxes: ['s1', 's2'],
  runningContainers: ['c1'],
  ended: new Map(),
  removedPods: [],
};
const ended = (exitCode: number, reason = '') => new Map([['c1', { exitCode, reason }]]);

describe('findLoss', () => {
  const cases: readonly { name: string; now: Partial<Observed>; reason: string | undefined; says?: string }[] = [
    { name: 'all as it should be', now: {}, reason: undefined },
    { name: 'not ready', now: { ready: false, message: 'starting' }, reason: 'RestartFailed', says: 'starting' },
    { name: 'ours is missing', now: { handlers: [runc] }, reason: 'HandlerNotServed', says: 'wasmtime' },
    { name: 'ours by another path', now: { handlers: [runc, { ...ours, type: 'x' }] }, reason: 'HandlerNotServed' },
    { name: 'runc is gone', now: { handlers: [ours] }, reason: 'HandlerLost', says: 'runc' },
    {
      name: 'runc with another cgroup driver',
      now: { handlers: [{ ...runc, options: { SystemdCgroup: false } }, ours] },
      reason: 'HandlerLost',
    },
    {
      name: 'runc with an option told that is so anyway',
      now: { handlers: [{ ...runc, options: { ...runc.options, CriuPath: '', NoPivotRoot: false, IoGid: 0 } }, ours] },
      reason: undefined,
    },
    { name: 'a sandbox is gone', now: { readySandboxes: ['s2'] }, reason: 'PodsLost', says: 'shop/web' },
    {
      name: 'the kubelet had removed the pod',
      now: { readySandboxes: [], runningContainers: [], removedPods: ['u1'] },
      reason: undefined,
    },
    {
      name: 'a container is unknown',
      now: { runningContainers: [], ended: new Map([['c1', undefined]]) },
      reason: 'PodsLost',
      says: 'nginx',
    },
    {
      name: 'containerd has lost it',
      now: { runningContainers: [], ended: ended(255, 'Unknown') },
      reason: 'PodsLost',
    },
    {
      name: 'it took too much memory',
      now: { runningContainers: [], ended: ended(137, 'OOMKilled') },
      reason: undefined,
    },
    { name: 'it was killed', now: { runningContainers: [], ended: ended(137) }, reason: 'PodsLost' },
    { name: 'it came to its own end', now: { runningContainers: [], ended: ended(0, 'Completed') }, reason: undefined },
    {
      name: 'its pod was done, and the kubelet has stopped the sandbox of it',
      now: { readySandboxes: [], runningContainers: [], ended: ended(0, 'Completed') },
      reason: undefined,
    },
    {
      name: 'the sandbox is gone, and what ran in it was killed',
      now: { readySandboxes: [], runningContainers: [], ended: ended(137) },
      reason: 'PodsLost',
      says: 'sandbox of shop/web',
    },
    { name: 'it failed by itself', now: { runningContainers: [], ended: ended(1, 'Error') }, reason: undefined },
  ];
  for (const { name, now, reason, says } of cases) {
    it(name, () => {
      const loss = findLoss(baseline, { ...good, ...now }, expected);
      expect(loss?.reason).to.equal(reason);
      if (says !== undefined) expect(loss?.message).to.contain(says);
    });
  }

  it('takes a sandbox for lost while one of several containers in it was killed', () => {
    const two = {
      ...baseline,
      containers: ['c1', 'c2'].map((id) => ({ id, name: id, pod: 'shop/web', podUid: 'u1' })),
    };
    const now = { ...good, readySandboxes: [], runningContainers: [] };
    const done = { exitCode: 0, reason: 'Completed' };
    const byEnds = (c2: ContainerEnd) =>
      findLoss(two, { ...now, ended: new Map(Object.entries({ c1: done, c2 })) }, expected);
    expect(byEnds(done)).to.equal(undefined);
    expect(byEnds({ exitCode: 137, reason: 'Error' })?.message).to.contain('sandbox of shop/web, container c2');
  });

  it('wants a removed handler gone, and no other', () => {
    const had = { ...baseline, handlers: [runc, ours] };
    const gone = { handlers: [], gone: ['wasmtime'] };
    expect(findLoss(had, { ...good, handlers: [runc] }, gone)).to.equal(undefined);
    expect(findLoss(had, good, gone)).to.have.property('reason', 'HandlerNotServed');
  });

  it('lets a third-party installer move what is its own', () => {
    const had = { ...baseline, handlers: [runc, { ...ours, type: '/opt/kwasm/bin/old' }] };
    expect(findLoss(had, good, { handlers: [], gone: [], free: ['wasmtime'] })).to.equal(undefined);
    expect(findLoss(had, good, { handlers: [], gone: [] })).to.have.property('reason', 'HandlerLost');
  });
});
