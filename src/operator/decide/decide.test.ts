import { expect } from 'chai';
import type { Action } from './action.ts';
import { decide } from './decide.ts';
import { facts, jobView, NOW_MS, nodeView, podView, policy, said } from './examples.ts';
import type { Facts } from './facts.ts';
import { desiredHash, type Policy } from './policy.ts';
import type { NodeRecord } from './record.ts';
import type { Turn } from './rollout/turn.ts';
import type { ConditionView, ContainerView, JobEnd, NodeView } from './view.ts';

const desired = desiredHash(policy);
const NOT_YET: Turn = { kind: 'wait', why: { kind: 'turn', for: 'canary' } };
const unwanted = { trigger: { annotation: undefined, label: undefined } };
const failedEnd: JobEnd = { kind: 'failed', reason: 'BackoffLimitExceeded', message: '', atMs: NOW_MS - 60_000 };
const completeEnd: JobEnd = { ...failedEnd, kind: 'complete' };

function record(change: Partial<NodeRecord> = {}): string {
  const whole: NodeRecord = {
    version: 1,
    state: 'installed',
    reason: 'Provisioned',
    message: '',
    desired,
    image: policy.installer.image,
    job: 'job-1',
    nodeUid: 'node-uid-1',
    machineId: 'machine-1',
    bootId: 'boot-1',
    handlers: ['wasmtime'],
    containerd: '2.1.4',
    touched: true,
    attempts: 0,
    at: new Date(NOW_MS).toISOString(),
    ...change,
  };
  return JSON.stringify(whole);
}

const labels = { provisionedLabel: 'n1', runtimeLabels: ['wasmtime'] };
const condition = (reason: string, status: ConditionView['status'] = 'False', message = ''): ConditionView => ({
  status,
  reason,
  message,
  sinceMs: NOW_MS - 1000,
});
const ready = condition(
  'Provisioned',
  'True',
  `containerd 2.1.4 serves wasmtime, proved live after the install with ${policy.installer.image}.`,
);
const provisioned = (change: Partial<NodeView> = {}) =>
  nodeView({ ...labels, record: record(), condition: ready, ...change });

function decided(given: Partial<Facts>, with_: Policy = policy, nowMs = NOW_MS): readonly Action[] {
  return decide(facts(given), with_, nowMs);
}

function kinds(actions: readonly Action[]): readonly string[] {
  return actions.map((action) => {
    if (action.kind === 'report') return `report ${action.condition.status} ${action.condition.reason}`;
    if (action.kind === 'createJob') return `create ${action.job.metadata?.name}`;
    if (action.kind === 'deleteJob') return `delete ${action.name}`;
    return action.kind;
  });
}

function labelsOf(actions: readonly Action[]): Readonly<Record<string, string | null>> {
  return actions.find((action) => action.kind === 'markNode')?.labels ?? {};
}

describe('decide: a wanted node', () => {
  const oldJob = jobView({ uid: 'old', action: undefined });
  const uninstall = jobView({ name: 'n1-unprovision-kwasm', uid: 'job-2', action: 'uninstall' });
  const cases: readonly { name: string; given: Partial<Facts>; is: readonly string[] }[] = [
    { name: 'no Job yet', given: {}, is: ['create n1-provision-kwasm'] },
    { name: 'is leaving', given: { node: nodeView({ leaving: true }) }, is: [] },
    { name: 'Windows', given: { node: nodeView({ os: 'windows' }) }, is: ['report False NotLinux'] },
    { name: 'CRI-O', given: { node: nodeView({ runtime: 'cri-o://1.30' }) }, is: ['report False NotContainerd'] },
    { name: 'not Ready', given: { node: nodeView({ ready: false }) }, is: ['report False NodeNotReady'] },
    { name: 'another node at work', given: { turn: NOT_YET }, is: ['report False Waiting', 'queueForSlot'] },
    {
      name: 'still waiting, behind another one now',
      given: { node: nodeView({ condition: condition('Waiting') }), turn: NOT_YET },
      is: ['queueForSlot'],
    },
    { name: 'Job begun', given: { jobs: [jobView()] }, is: ['report False Installing'] },
    { name: 'Job being deleted', given: { jobs: [jobView({ leaving: true })] }, is: [] },
    {
      name: 'image not there',
      given: { jobs: [jobView()], pods: [podView({ kind: 'waiting', reason: 'ErrImagePull', message: 'x' })] },
      is: ['report False ImagePullFailed'],
    },
    {
      name: 'pod refused',
      given: { jobs: [jobView()], refusals: new Map([['job-1', 'violates PodSecurity']]) },
      is: ['report False PodRefused'],
    },
    {
      name: 'proved',
      given: { jobs: [jobView({ end: completeEnd })], pods: [podView(said('installed', ['wasmtime']))] },
      is: ['markNode', 'report True Provisioned'],
    },
    {
      name: 'rolled back',
      given: { jobs: [jobView({ end: failedEnd })], pods: [podView(said('rolledBack'))] },
      is: ['markNode', 'report False RolledBack'],
    },
    { name: 'settled', given: { node: provisioned(), jobs: [jobView({ end: completeEnd })] }, is: [] },
    { name: 'settled, Job cleaned up', given: { node: provisioned() }, is: [] },
    {
      name: 'label dropped by a kubelet that registered again',
      given: { node: provisioned({ runtimeLabels: [] }) },
      is: ['markNode'],
    },
    { name: 'condition lost', given: { node: provisioned({ condition: undefined }) }, is: ['report True Provisioned'] },
    {
      name: 'Job deleted by a person',
      given: { node: nodeView({ condition: condition('Installing') }), asked: new Set(['n1-provision-kwasm']) },
      is: ['markNode', 'report False JobDeleted'],
    },
    {
      name: 'Job of which no watch has told',
      given: { node: nodeView({ condition: condition('Installing') }) },
      is: ['readJob'],
    },
    { name: "KWasm's Job at work", given: { jobs: [oldJob] }, is: ['report False OldInstallerRunning'] },
    {
      name: "KWasm's leftovers",
      given: {
        node: nodeView({ provisionedLabel: 'n1' }),
        jobs: [jobView({ uid: 'old', action: undefined, end: completeEnd })],
      },
      is: ['delete n1-provision-kwasm'],
    },
    {
      name: "KWasm's label alone",
      given: { node: nodeView({ provisionedLabel: 'n1' }) },
      is: ['create n1-provision-kwasm'],
    },
    { name: 'wanted again during the uninstall', given: { jobs: [uninstall] }, is: ['report False Uninstalling'] },
    {
      name: 'wanted again after it',
      given: { jobs: [{ ...uninstall, end: completeEnd }] },
      is: ['delete n1-unprovision-kwasm'],
    },
    {
      name: 'Job of an earlier Node object',
      given: { jobs: [jobView({ nodeUid: 'gone' })] },
      is: ['delete n1-provision-kwasm'],
    },
    {
      name: 'Job of an earlier machine',
      given: { jobs: [jobView({ machineId: 'gone' })] },
      is: ['delete n1-provision-kwasm'],
    },
    {
      name: 'another machine under the name',
      given: { node: provisioned({ machineId: 'machine-2' }) },
      is: ['markNode', 'report False NodeReplaced'],
    },
    {
      name: 'the Node object made anew',
      given: { node: provisioned({ uid: 'node-uid-2' }) },
      is: ['markNode', 'report False NodeReplaced'],
    },
    {
      name: 'record spoiled by hand',
      given: { node: provisioned({ record: '{' }) },
      is: ['create n1-provision-kwasm'],
    },
  ];
  for (const { name, given, is } of cases) {
    it(`${name}: ${is.join(', ') || 'nothing'}`, () => expect(kinds(decided(given))).to.deep.equal(is));
  }

  it('is labelled with exactly the handlers of the verdict', () => {
    const node = nodeView({
      ...labels,
      runtimeLabels: ['declared-by-pool', 'spin'],
      record: record({ handlers: ['spin'], job: 'old' }),
    });
    const jobs = [jobView({ end: completeEnd })];
    const actions = decided({ node, jobs, pods: [podView(said('installed', ['wasmtime', 'not a label!']))] });
    expect(labelsOf(actions)).to.deep.equal({ 'runtime.kwasm.sh/wasmtime': 'true', 'runtime.kwasm.sh/spin': null });
  });

  it('gets no provisioned label when its name is too long for a value, and the runtime label all the same', () => {
    const name = `${'a'.repeat(60)}.example`;
    const actions = decided({
      node: nodeView({ name }),
      jobs: [jobView({ end: completeEnd })],
      pods: [podView(said('installed', ['wasmtime']))],
    });
    expect(labelsOf(actions)).to.deep.equal({ 'runtime.kwasm.sh/wasmtime': 'true' });
  });

  describe('when the desired state changes', () => {
    const next: Policy = { ...policy, installer: { ...policy.installer, image: 'i:2', installImage: 'i:2' } };
    it('runs again and keeps its labels and a True condition while it does', () => {
      const node = provisioned();
      const jobs = [jobView({ end: completeEnd })];
      expect(kinds(decided({ node, jobs }, next))).to.deep.equal(['delete n1-provision-kwasm']);
      expect(kinds(decided({ node }, next))).to.deep.equal(['create n1-provision-kwasm']);
      const running = decided({ node, jobs: [jobView({ uid: 'job-2' })] }, next);
      expect(kinds(running)).to.deep.equal(['report True Installing']);
      expect(kinds(decided({ node, turn: NOT_YET }, next))).to.deep.equal(['report True Waiting', 'queueForSlot']);
    });

    it('keeps what an earlier run proved through a failure, says so, and not through Broken', () => {
      const jobs = [jobView({ uid: 'job-2', end: failedEnd, desired: desiredHash(next) })];
      const ending = (state: 'rolledBack' | 'broken') =>
        decided({ node: provisioned(), jobs, pods: [podView(said(state), { jobUid: 'job-2' })] }, next);
      expect(labelsOf(ending('rolledBack'))).to.deep.equal({});
      expect(kinds(ending('rolledBack'))).to.include('report False RolledBack');
      expect(labelsOf(ending('broken'))).to.deep.equal({
        'kwasm.sh/kwasm-provisioned': null,
        'runtime.kwasm.sh/wasmtime': null,
      });
    });

    it('does not for what never reaches the host', () => {
      const other: Policy = {
        ...policy,
        installer: { ...policy.installer, deadlineSeconds: 1200, priorityClassName: 'x' },
      };
      expect(decided({ node: provisioned() }, other)).to.deep.equal([]);
    });
  });

  it('ends a guarded Job whose guard has spoken and whose pod does not end, and then tries again as after any failure', () => {
    const containers: readonly ContainerView[] = [
      { name: 'kwasm-guard', state: said('rolledBack') },
      { name: 'kwasm-provision', state: { kind: 'waiting', reason: 'ContainerCreating', message: '' } },
    ];
    const pods = [podView({ kind: 'waiting', reason: '', message: '' }, { containers })];
    const jobs = [jobView({ guarded: true })];
    expect(kinds(decided({ jobs, pods }))).to.deep.equal(['markNode', 'report False RolledBack']);
    const read = nodeView({ record: record({ state: 'failed', reason: 'RolledBack', handlers: [], attempts: 1 }) });
    expect(kinds(decided({ node: read, jobs, pods }))).to.deep.equal(['delete n1-provision-kwasm']);
    const unwantedNow = nodeView({ ...unwanted });
    expect(kinds(decided({ node: unwantedNow, jobs, pods }))).to.deep.equal(['markNode', 'delete n1-provision-kwasm']);
  });

  describe('after a failure', () => {
    const failed = (change: Partial<NodeRecord>) => {
      const text = record({ state: 'failed', handlers: [], attempts: 1, message: 'm', ...change });
      const node = nodeView({ record: text });
      const [said_] = decided({ node });
      return { ...node, condition: said_?.kind === 'report' ? said_.condition : undefined };
    };

    it('waits, then makes room and tries again', () => {
      const node = failed({ reason: 'Evicted' });
      expect(decided({ node })).to.deep.equal([{ kind: 'recheck', afterMs: 60_000 }]);
      expect(kinds(decided({ node, jobs: [jobView({ end: failedEnd })] }, policy, NOW_MS + 60_000))).to.deep.equal([
        'delete n1-provision-kwasm',
      ]);
      expect(kinds(decided({ node }, policy, NOW_MS + 60_000))).to.deep.equal(['create n1-provision-kwasm']);
    });

    it('does nothing for ever when a person must act, until the desired state changes', () => {
      for (const reason of ['Refused', 'Broken'] as const) {
        expect(decided({ node: failed({ reason }) }, policy, NOW_MS + 1e10)).to.deep.equal([]);
      }
      const next: Policy = { ...policy, installer: { ...policy.installer, image: 'i:2', installImage: 'i:2' } };
      expect(kinds(decided({ node: failed({ reason: 'Refused' }) }, next))).to.deep.equal([
        'create n1-provision-kwasm',
      ]);
    });

    it("drops KWasm's unproved label when ours found the contrary, and not when the run was merely lost", () => {
      const node = nodeView({ provisionedLabel: 'n1' });
      const jobs = [jobView({ end: failedEnd })];
      expect(labelsOf(decided({ node, jobs, pods: [podView(said('rolledBack'))] }))).to.deep.equal({
        'kwasm.sh/kwasm-provisioned': null,
      });
      expect(
        labelsOf(
          decided({ node, jobs, pods: [podView({ kind: 'ended', exitCode: 137, reason: 'OOMKilled', text: '' })] }),
        ),
      ).to.deep.equal({});
    });
  });
});

describe('decide: a node that is not wanted', () => {
  const removing = record({ state: 'removing', reason: 'Uninstalling', handlers: [] });
  const uninstall = jobView({ name: 'n1-unprovision-kwasm', uid: 'job-2', action: 'uninstall' });
  const gone = [podView(said('uninstalled'), { jobUid: 'job-2' })];
  const armedAndWaiting: readonly ContainerView[] = [
    { name: 'kwasm-arm', state: { kind: 'ended', exitCode: 0, reason: 'Completed', text: '' } },
    { name: 'kwasm-guard', state: { kind: 'running' } },
    { name: 'kwasm-provision', state: { kind: 'waiting', reason: 'ErrImagePull', message: '' } },
  ];
  const cases: readonly { name: string; given: Partial<Facts>; is: readonly string[] }[] = [
    { name: 'never was', given: { node: nodeView(unwanted) }, is: [] },
    { name: 'was provisioned', given: { node: provisioned(unwanted) }, is: ['markNode'] },
    {
      name: 'labels off',
      given: { node: nodeView({ ...unwanted, record: removing }) },
      is: ['create n1-unprovision-kwasm'],
    },
    {
      name: 'labels off, install Job still there',
      given: { node: nodeView({ ...unwanted, record: removing }), jobs: [jobView({ end: completeEnd })] },
      is: ['delete n1-provision-kwasm'],
    },
    {
      name: 'another node at work',
      given: { node: nodeView({ ...unwanted, record: removing }), turn: NOT_YET },
      is: ['report False Waiting', 'queueForSlot'],
    },
    {
      name: 'uninstall runs',
      given: { node: nodeView({ ...unwanted, record: removing }), jobs: [uninstall] },
      is: ['report False Uninstalling'],
    },
    {
      name: 'undone',
      given: {
        node: nodeView({ ...unwanted, record: removing, condition: condition('Uninstalling') }),
        jobs: [{ ...uninstall, end: completeEnd }],
        pods: gone,
      },
      is: ['markNode', 'clearCondition'],
    },
    {
      name: 'uninstall failed',
      given: {
        node: nodeView({ ...unwanted, record: removing }),
        jobs: [{ ...uninstall, end: failedEnd }],
        pods: [podView(said('failed'), { jobUid: 'job-2' })],
      },
      is: ['markNode', 'report False UninstallFailed'],
    },
    {
      name: 'was refused, nothing touched',
      given: {
        node: nodeView({
          ...unwanted,
          record: record({ state: 'failed', reason: 'Refused', handlers: [], touched: false }),
          condition: condition('Refused'),
        }),
      },
      is: ['markNode', 'clearCondition'],
    },
    {
      name: 'install not begun',
      given: {
        node: nodeView(unwanted),
        jobs: [jobView()],
        pods: [podView({ kind: 'waiting', reason: 'ErrImagePull', message: '' })],
      },
      is: ['delete n1-provision-kwasm'],
    },
    {
      name: 'guard armed, third-party image not to be had',
      given: {
        node: nodeView(unwanted),
        jobs: [jobView({ guarded: true })],
        pods: [podView({ kind: 'running' }, { containers: armedAndWaiting })],
      },
      is: ['markNode', 'delete n1-provision-kwasm'],
    },
    {
      name: 'the pod of the deleted Job still ends',
      given: {
        node: nodeView({ ...unwanted, record: removing }),
        pods: [podView({ kind: 'running' }, { containers: armedAndWaiting })],
      },
      is: ['report False Waiting'],
    },
    {
      name: 'install at work',
      given: { node: nodeView(unwanted), jobs: [jobView()], pods: [podView({ kind: 'running' })] },
      is: ['markNode', 'report False Uninstalling'],
    },
    {
      name: 'install failed, the next attempt yet to come',
      given: { node: nodeView(unwanted), jobs: [jobView()], pods: [podView(said('failed'))] },
      is: ['markNode', 'delete n1-provision-kwasm'],
    },
    {
      name: 'install ended, unread',
      given: {
        node: nodeView(unwanted),
        jobs: [jobView({ end: completeEnd })],
        pods: [podView(said('installed', ['wasmtime']))],
      },
      is: ['markNode'],
    },
    {
      name: 'install refused, unread',
      given: { node: nodeView(unwanted), jobs: [jobView({ end: failedEnd })], pods: [podView(said('refused'))] },
      is: ['delete n1-provision-kwasm'],
    },
    { name: "KWasm's label", given: { node: nodeView({ ...unwanted, provisionedLabel: 'n1' }) }, is: ['markNode'] },
    {
      name: "KWasm's finished Job",
      given: { node: nodeView(unwanted), jobs: [jobView({ action: undefined, end: completeEnd })] },
      is: ['markNode'],
    },
    { name: 'record spoiled by hand', given: { node: provisioned({ ...unwanted, record: 'x' }) }, is: ['markNode'] },
    {
      name: 'nothing left but its uninstall Job, which stays for the rollout to count',
      given: { node: nodeView(unwanted), jobs: [{ ...uninstall, end: completeEnd }] },
      is: [],
    },
    {
      name: 'condition left over',
      given: { node: nodeView({ ...unwanted, condition: condition('Waiting') }) },
      is: ['clearCondition'],
    },
    {
      name: 'a label that its pool declares',
      given: { node: nodeView({ ...unwanted, runtimeLabels: ['wasmtime'] }) },
      is: [],
    },
  ];
  for (const { name, given, is } of cases) {
    it(`${name}: ${is.join(', ') || 'nothing'}`, () => expect(kinds(decided(given))).to.deep.equal(is));
  }

  it('is asked again while pods use a handler, silently, and then let go', () => {
    const inUse = record({
      state: 'removing',
      reason: 'InUse',
      message: 'pod a/b uses wasmtime',
      handlers: [],
      attempts: 3,
      job: 'old',
    });
    const waiting = decided({ node: nodeView({ ...unwanted, record: inUse }) });
    expect(kinds(waiting)).to.deep.equal(['report False InUse', 'recheck']);
    const [first] = waiting;
    const node = nodeView({
      ...unwanted,
      record: inUse,
      condition: first?.kind === 'report' ? first.condition : undefined,
    });
    expect(kinds(decided({ node }, policy, NOW_MS + 120_000))).to.deep.equal(['create n1-unprovision-kwasm']);
    expect(decided({ node, jobs: [uninstall] })).to.deep.equal([]);
    const jobs = [{ ...uninstall, end: completeEnd }];
    expect(kinds(decided({ node, jobs, pods: gone }))).to.include('clearCondition');
  });

  it('owes an uninstall after an attempt that failed, for it may have left something', () => {
    const [action] = decided({ node: nodeView(unwanted), jobs: [jobView()], pods: [podView(said('failed'))] });
    expect(action?.kind === 'markNode' && action.annotations['kwasm.sh/record']).to.contain('"touched":true');
  });

  it('loses its labels in the same patch that remembers the uninstall it is owed', () => {
    const [action] = decided({ node: provisioned(unwanted) });
    expect(action?.kind === 'markNode' && action.labels).to.deep.equal({
      'kwasm.sh/kwasm-provisioned': null,
      'runtime.kwasm.sh/wasmtime': null,
    });
    expect(action?.kind === 'markNode' && action.annotations['kwasm.sh/record']).to.contain('"state":"removing"');
  });
});
