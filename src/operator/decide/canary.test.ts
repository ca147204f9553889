import { expect } from 'chai';
import fc from 'fast-check';
import { canaryJob } from './canary-job.ts';
import { CANARY_DEFAULTS } from './canary-policy.ts';
import { decideClass, wantedClasses } from './class.ts';
import { nodeView, policy as plain, podView, said } from './examples.ts';
import { canaryJobName } from './name.ts';
import type { Policy } from './policy.ts';
import { projectJob } from './project.ts';
import { recall } from './record.ts';
import { standingOf } from './rollout/standing.ts';
import { rulesOf } from './shims/rules.ts';
import { Simulation } from './simulation.ts';
import type { ContainerState, JobView, PodView } from './view.ts';

const policy: Policy = {
  ...plain,
  canary: { ...CANARY_DEFAULTS, images: { wasmtime: 'registry.example/canary:1' } },
};
const DEADLINE_MS = CANARY_DEFAULTS.deadlineSeconds * 1000;
const good: ContainerState = { kind: 'ended', exitCode: 0, reason: 'Completed', text: '' };
const trapped: ContainerState = { kind: 'ended', exitCode: 134, reason: 'Error', text: 'wasm trap: unreachable\n' };

describe('a canary pod', () => {
  let world: Simulation;
  beforeEach(() => {
    world = new Simulation(policy);
    world.settle();
    world.endJob(said('installed', ['wasmtime']));
    world.settle();
  });

  const recordNow = () => {
    const memory = recall(world.node.record);
    return memory.kind === 'record' ? memory.record : undefined;
  };
  const canary = (): JobView => {
    const found = world.jobs.find(({ action }) => action === 'canary');
    if (found === undefined) throw new Error('there is no canary Job');
    return found;
  };
  /** Its pod, in the middle. */
  const put = (state: ContainerState, change: Partial<PodView> = {}) => {
    const containers = [{ name: 'canary', state }];
    world.pods = world.pods.filter(({ jobUid }) => jobUid !== canary().uid);
    world.pods.push(podView(state, { uid: 'canary-pod', jobUid: canary().uid, containers, ...change }));
  };
  const uninstalls = () => world.jobs.filter(({ action }) => action === 'uninstall');

  it('is made after the verdict, and until it has succeeded nothing calls the node ready', () => {
    expect(canary()).to.include({ name: canaryJobName('n1', 'wasmtime'), end: undefined });
    expect(canary().proves).to.deep.equal({ handler: 'wasmtime', run: recordNow()?.job });
    expect(world.node).to.deep.include({ runtimeLabels: [], provisionedLabel: undefined });
    expect(world.node.condition).to.include({ status: 'False', reason: 'CanaryRunning' });
    world.endJob(good);
    world.settle();
    expect(world.node).to.deep.include({ runtimeLabels: ['wasmtime'], provisionedLabel: 'n1' });
    expect(world.node.condition).to.include({ status: 'True', reason: 'Provisioned' });
    expect(world.node.condition?.message).to.contain('by a pod on wasmtime');
    expect(
      world.jobs.map(({ action }) => action),
      'its Job is cleared away',
    ).to.deep.equal(['install']);
  });

  it('holds the place of its node in the rollout', () => {
    const standing = () => standingOf(world.node, world.jobs, policy);
    expect(standing()).to.include({ stage: 'todo', busy: true });
    world.jobs = world.jobs.filter(({ action }) => action !== 'canary');
    expect(standing(), 'before its Job is made').to.include({ busy: true });
    world.settle();
    world.endJob(good);
    world.settle();
    expect(standing()).to.include({ stage: 'done', busy: false });
  });

  it('that fails has the node undone, which then stays so, with the reason', () => {
    world.endJob(trapped);
    world.settle();
    expect(standingOf(world.node, world.jobs, policy)).to.include({
      stage: 'failed',
      reason: 'CanaryFailed',
      busy: true,
    });
    expect(uninstalls()).to.have.length(1);
    expect(canary().end?.kind, 'its Job stays for its log').to.equal('failed');
    world.endJob(said('uninstalled'));
    world.settle();
    expect(world.node.condition).to.include({ status: 'False', reason: 'CanaryFailed' });
    expect(world.node.condition?.message)
      .to.contain('exit code 134')
      .and.to.contain('wasm trap')
      .and.to.contain('undone');
    expect(standingOf(world.node, world.jobs, policy)).to.include({ stage: 'failed', busy: false });
    expect(uninstalls(), 'for its log').to.have.length(1);
    world.nowMs += 10 * 24 * 3_600_000;
    const before = world.history.length;
    world.settle();
    expect(world.history.slice(before)).to.deep.equal([]);
  });

  it('that failed is tried again with another image, or when the trigger is set anew', () => {
    world.endJob(trapped);
    world.settle();
    world.endJob(said('uninstalled'));
    world.settle();
    const failed = world.node;
    world.policy = { ...policy, installer: { ...policy.installer, installImage: 'r/other:2', image: 'r/other:2' } };
    world.settle();
    expect(world.jobs.map(({ action, end }) => `${action} ${end?.kind}`)).to.deep.equal(['install undefined']);
    world.policy = policy;
    world.node = failed;
    world.jobs = [];
    world.pods = [];
    world.want(undefined);
    world.settle();
    expect(world.node).to.deep.include({ record: undefined, condition: undefined });
    expect(world.jobs, 'nothing of ours is on the host any more').to.deep.equal([]);
    world.want('true');
    world.settle();
    expect(world.jobs.map(({ action }) => action)).to.deep.equal(['install']);
  });

  it('no longer matters once the node is not wanted', () => {
    world.endJob(trapped);
    world.settle();
    world.want(undefined);
    world.settle();
    world.endJob(said('uninstalled'));
    world.settle();
    expect(world.node).to.deep.include({ record: undefined, condition: undefined });
  });

  it('waits for nobody to undo: the rollout is stopped by its own failure', () => {
    world.turn = { kind: 'wait', why: { kind: 'turn', for: 'window' } };
    world.endJob(trapped);
    world.settle();
    expect(uninstalls()).to.have.length(1);
  });

  it('that hangs is deleted before the node is undone', () => {
    put({ kind: 'running' });
    world.nowMs += DEADLINE_MS - 1;
    world.settle();
    expect(recordNow()?.state).to.equal('proving');
    world.nowMs += 2;
    world.settle();
    expect(recordNow()?.revert?.message).to.contain('it still ran after 180 s');
    const order = world.history.flatMap((action) =>
      action.kind === 'deleteJob'
        ? [`delete ${action.name}`]
        : action.kind === 'createJob'
          ? [`create ${action.job.metadata?.name}`]
          : [],
    );
    const removed = order.indexOf(`delete ${canaryJobName('n1', 'wasmtime')}`);
    expect(removed).to.be.greaterThan(-1).and.lessThan(order.indexOf('create n1-unprovision-kwasm'));
  });

  it('is not ended early by a clock that is ahead of the API server, or of the operator that led before', () => {
    put({ kind: 'running' });
    const hour = 3_600_000;
    world.jobs = world.jobs.map((job) => ({ ...job, createdMs: world.nowMs - hour }));
    world.settle();
    expect(recordNow()?.state, "the server's clock is behind").to.equal('proving');
    const at = new Date(world.nowMs - hour).toISOString();
    world.jobs = world.jobs.map((job) => ({ ...job, createdMs: world.nowMs }));
    world.node = { ...world.node, record: JSON.stringify({ ...recordNow(), at }) };
    world.settle();
    expect(recordNow()?.state, 'the other one was').to.equal('proving');
  });

  it('that gets no sandbox fails at its deadline', () => {
    put({ kind: 'waiting', reason: 'ContainerCreating', message: '' });
    world.nowMs += DEADLINE_MS + 1;
    world.settle();
    expect(recordNow()?.revert?.message).to.contain('had not started after 180 s');
  });

  it('is read before it is called late: what no watch has told of may long have succeeded', () => {
    world.endPod(canary(), good, true);
    world.nowMs += DEADLINE_MS + 1;
    world.settle();
    expect(world.history.filter(({ kind }) => kind === 'readPods')).to.have.length(1);
    expect(world.node.condition).to.include({ status: 'True', reason: 'Provisioned' });
    expect(uninstalls()).to.deep.equal([]);
  });

  it('has its time again when the API server was away: its kubelet could say nothing', () => {
    put({ kind: 'running' });
    world.nowMs += 2 * DEADLINE_MS;
    world.heardForMs = 5_000;
    world.settle();
    expect(recordNow()?.state).to.equal('proving');
    world.nowMs += 10_000;
    world.heardForMs += 10_000;
    world.endJob(good);
    world.settle();
    expect(world.node.condition).to.include({ status: 'True', reason: 'Provisioned' });
    expect(world.history.filter(({ kind }) => kind === 'createJob')).to.have.length(2);
  });

  it('takes long enough for the kubelet to name the handler, which then costs no write of its own', () => {
    expect(recordNow()?.awaited).to.equal(true);
    world.node = { ...world.node, handlers: ['runc', 'wasmtime'] };
    world.endJob(good);
    world.settle();
    expect(recordNow()?.awaited).to.equal(undefined);
    expect(world.history.filter(({ kind }) => kind === 'markNode')).to.have.length(2);
  });

  it('is made, however late, by an operator that has only just begun', () => {
    world.jobs = world.jobs.filter(({ action }) => action !== 'canary');
    world.nowMs += 10 * DEADLINE_MS;
    world.heardForMs = 1_000;
    world.settle();
    expect(canary().end).to.equal(undefined);
    world.endJob(good);
    world.settle();
    expect(world.node.condition).to.include({ status: 'True', reason: 'Provisioned' });
  });

  const innocent = [
    {
      name: 'whose image cannot be pulled',
      state: { kind: 'waiting', reason: 'ImagePullBackOff', message: 'no such host' },
    },
    {
      name: 'that was evicted',
      state: { kind: 'waiting', reason: '', message: '' },
      change: { phase: 'Failed', reason: 'Evicted' },
      ends: true,
    },
    {
      name: 'that the kubelet refused',
      state: { kind: 'waiting', reason: '', message: '' },
      change: { phase: 'Failed', reason: 'OutOfmemory' },
      ends: true,
    },
  ] as const;
  for (const { name, state, ...more } of innocent) {
    it(`${name} says nothing about the runtime: nothing is undone, and it is tried again`, () => {
      put(state, 'change' in more ? more.change : {});
      if ('ends' in more) end(canary());
      world.nowMs += DEADLINE_MS + 1;
      world.settle();
      expect(recordNow()).to.include({ state: 'failed', reason: 'CanaryNotRun', attempts: 1 });
      expect(world.node.condition).to.include({ status: 'False', reason: 'CanaryNotRun' });
      expect(uninstalls()).to.deep.equal([]);
      world.nowMs += 3_600_000;
      world.settle();
      world.endJob(said('unchanged', ['wasmtime']));
      world.settle();
      expect(canary().end).to.equal(undefined);
      world.endJob(good);
      world.settle();
      expect(world.node.condition).to.include({ status: 'True', reason: 'Provisioned' });
      const settled = world.history.flatMap((one) => (one.kind === 'markNode' && one.settled ? [one.settled] : []));
      expect(settled.at(-1)).to.include({ reason: 'Provisioned', unchanged: true });
    });
  }

  function end(job: JobView): void {
    const ended = { kind: 'failed', reason: 'BackoffLimitExceeded', message: '', atMs: world.nowMs } as const;
    world.jobs = world.jobs.map((one) => (one === job ? { ...job, end: ended } : one));
  }

  it('that can never be run is given up after a bounded number of attempts', () => {
    let installs = 1;
    for (let round = 0; round < 20; round += 1) {
      world.nowMs += 2 * 3_600_000;
      world.settle();
      const job = world.jobs.find(({ end: ended }) => ended === undefined);
      if (job?.action !== 'install') continue;
      installs += 1;
      world.endJob(said('unchanged', ['wasmtime']));
      world.settle();
    }
    expect(installs).to.equal(6);
    expect(world.node.condition?.message).to.contain('Given up after 6 attempts');
  });

  it('keeps the labels of handlers that serve while an upgrade is tried, and takes them off when it fails', () => {
    world.endJob(good);
    world.settle();
    world.policy = { ...policy, installer: { ...policy.installer, installImage: 'r/other:2', image: 'r/other:2' } };
    world.settle();
    world.endJob(said('installed', ['wasmtime']));
    world.settle();
    expect(recordNow()?.state).to.equal('proving');
    expect(world.node.runtimeLabels).to.deep.equal(['wasmtime']);
    expect(world.node.condition).to.include({ status: 'True', reason: 'CanaryRunning' });
    world.endJob(trapped);
    world.settle();
    expect(world.node.runtimeLabels).to.deep.equal([]);
    expect(uninstalls()).to.have.length(1);
  });

  it('ends no pod of the earlier install, whatever the uninstall policy is', () => {
    world.endJob(good);
    world.settle();
    const image = 'registry.example/kwasm-node-installer:2';
    const uninstall = { policy: 'Force', perNode: true, timeoutSeconds: 900 } as const;
    world.policy = { ...policy, uninstall, installer: { ...policy.installer, installImage: image, image } };
    world.node = { ...world.node, uninstallPolicy: { annotation: 'Force', label: undefined } };
    world.settle();
    world.endJob(said('installed', ['wasmtime']));
    world.settle();
    world.endJob(trapped);
    world.settle();
    world.endJob(said('refused', [], { reason: 'InUse', pods: ['default/web/uid-1'] }));
    world.settle();
    expect(world.node.condition?.reason).to.equal('InUse');
    expect(world.history.filter(({ kind }) => kind === 'endPods')).to.deep.equal([]);
    world.nowMs += 3_600_000;
    world.settle();
    world.endJob(said('uninstalled'));
    world.settle();
    expect(recordNow()).to.include({ state: 'failed', reason: 'CanaryFailed' });
    expect(recordNow()).to.not.have.property('pods');
  });

  it('takes a label that the pool had declared beforehand off when it fails, not before', () => {
    world = new Simulation(policy, nodeView({ runtimeLabels: ['wasmtime'] }));
    world.settle();
    world.endJob(said('installed', ['wasmtime']));
    world.settle();
    expect(world.node.runtimeLabels).to.deep.equal(['wasmtime']);
    world.endJob(trapped);
    world.settle();
    expect(world.node.runtimeLabels).to.deep.equal([]);
  });

  it('is left out for handlers that it has no image for, and when it is switched off meanwhile', () => {
    world.policy = plain;
    world.settle();
    expect(world.node.condition).to.include({ status: 'True', reason: 'Provisioned' });
    const other = new Simulation(policy);
    other.settle();
    other.endJob(said('installed', ['spin']));
    other.settle();
    expect(other.node.runtimeLabels).to.deep.equal(['spin']);
  });

  it('of an earlier run counts for nothing', () => {
    const stale = { ...canary(), uid: 'old', proves: { handler: 'wasmtime', run: 'another' } };
    world.jobs = [
      ...world.jobs.filter(({ action }) => action !== 'canary'),
      { ...stale, end: completeAt(world.nowMs) },
    ];
    world.settle();
    expect(recordNow()?.state).to.equal('proving');
    expect(canary()).to.deep.include({ end: undefined });
    expect(canary().uid).to.not.equal('old');
  });

  function completeAt(atMs: number) {
    return { kind: 'complete', reason: '', message: '', atMs } as const;
  }

  it('whose Job a person deletes is made again, and one that was missed while nobody was there is tried anew', () => {
    world.jobs = world.jobs.filter(({ action }) => action !== 'canary');
    world.settle();
    expect(canary().end).to.equal(undefined);
    world.jobs = world.jobs.filter(({ action }) => action !== 'canary');
    world.nowMs += DEADLINE_MS + 1;
    world.settle();
    expect(recordNow()).to.include({ state: 'failed', reason: 'CanaryNotRun' });
  });
});

describe('canaryJob', () => {
  const job = canaryJob(nodeView(), policy, 'wasmtime', 'run-1');
  const pod = job.spec?.template.spec;

  it('is pinned, without a token, bounded, small, and as Pod Security "restricted" wants it', () => {
    expect(pod).to.include({ nodeName: 'n1', runtimeClassName: 'kwasm-canary-wasmtime', restartPolicy: 'Never' });
    expect(pod?.automountServiceAccountToken).to.equal(false);
    expect(pod?.hostPID).to.equal(undefined);
    expect(job.spec).to.include({ backoffLimit: 0, activeDeadlineSeconds: 240, ttlSecondsAfterFinished: 3600 });
    const [container] = pod?.containers ?? [];
    expect(container?.resources?.limits).to.deep.equal({ memory: '256Mi' });
    expect(container?.securityContext).to.deep.equal({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    expect(pod?.securityContext).to.deep.include({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
    expect(pod?.tolerations?.map(({ key }) => key)).to.include.members([
      'node.kubernetes.io/not-ready',
      'kwasm.sh/not-ready',
    ]);
  });

  it('is read back as what it is', () => {
    const { action, proves, node, nodeUid } = projectJob(job);
    expect({ action, proves, node, nodeUid }).to.deep.equal({
      action: 'canary',
      proves: { handler: 'wasmtime', run: 'run-1' },
      node: 'n1',
      nodeUid: 'node-uid-1',
    });
  });

  it('has a name of its own for each node and handler', () => {
    const name = fc.stringMatching(/^[a-z0-9]([-a-z0-9.]{0,60}[a-z0-9])?$/);
    fc.assert(
      fc.property(name, name, name, name, (a, x, b, y) => {
        fc.pre(a !== b || x !== y);
        expect(canaryJobName(a, x)).to.match(/^[a-z0-9]([-a-z0-9.]{0,61}[a-z0-9])?$/);
        expect(canaryJobName(a, x)).to.not.equal(canaryJobName(b, y));
      }),
    );
    expect(canaryJobName('a', 'b-c')).to.not.equal(canaryJobName('a-b', 'c'));
  });

  it('brings a RuntimeClass that selects no nodes', () => {
    const [, mine] = wantedClasses(policy, rulesOf([], []));
    if (mine === undefined) throw new Error('there is none');
    const decision = decideClass(mine, undefined);
    if (decision.kind !== 'apply') throw new Error(decision.kind);
    expect(decision.manifest).to.deep.include({ handler: 'wasmtime' });
    expect(decision.manifest.scheduling).to.equal(undefined);
    const actual = { name: mine.name, handler: 'wasmtime', ours: true, nodeSelector: {} };
    expect(decideClass(mine, actual).kind).to.equal('keep');
    expect(decideClass(mine, { ...actual, nodeSelector: { 'runtime.kwasm.sh/wasmtime': 'true' } }).kind).to.equal(
      'apply',
    );
  });
});
