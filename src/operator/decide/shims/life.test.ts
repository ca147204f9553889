import type { V1Job } from '@kubernetes/client-node';
import { expect } from 'chai';
import { resolveShim } from '../../../shims/resolve.ts';
import type { NamedShim } from '../../../shims/spec.ts';
import type { Action } from '../action.ts';
import { CANARY_DEFAULTS } from '../canary-policy.ts';
import { nodeView, policy, said } from '../examples.ts';
import type { Policy } from '../policy.ts';
import { recall } from '../record.ts';
import { Simulation } from '../simulation.ts';
import type { ContainerState } from '../view.ts';
import { shim, shimView } from './examples.ts';
import { shimsOn } from './on-node.ts';
import { rulesOf } from './rules.ts';
import { type Tally, tally } from './tally.ts';
import type { ShimView } from './view.ts';

const wasmtime = resolveShim('wasmtime');
const spin = shim('spin');

/** The node of the simulation, with these Shims in the cluster. */
function give(
  life: Simulation,
  configured: readonly NamedShim[],
  shims: readonly ShimView[] = [],
  base = policy,
): void {
  const memory = recall(life.node.record);
  const handlers = memory.kind === 'record' ? memory.record.handlers : [];
  const onNode = shimsOn(life.node, rulesOf(shims, configured), () => handlers);
  life.policy = { ...base, onNode };
  life.settle();
}

const jobsOf = (life: Simulation): readonly V1Job[] =>
  life.history.flatMap((action: Action) => (action.kind === 'createJob' ? [action.job] : []));

function ordered(job: V1Job | undefined): readonly string[] | undefined {
  const env = job?.spec?.template.spec?.containers[0]?.env?.find(({ name }) => name === 'KWASM_SHIMS');
  return env?.value === undefined ? undefined : (JSON.parse(env.value) as { name: string }[]).map(({ name }) => name);
}

function tallied({ node, policy: own }: Simulation, { name, spec }: NamedShim): Tally | undefined {
  return tally(
    [node],
    () => [],
    () => own,
    new Map([[name, spec.handler]]),
  ).get(name);
}

function provisioned(configured: readonly NamedShim[], base: Policy = policy): Simulation {
  const life = new Simulation(base, nodeView());
  give(life, configured, [], base);
  life.endJob(
    said(
      'installed',
      configured.map(({ spec }) => spec.handler),
    ),
  );
  give(life, configured, [], base);
  return life;
}

describe('a node and its Shims', () => {
  it('gets a default installation without being told what is in it, as ever', () => {
    const life = provisioned([wasmtime]);
    expect(ordered(jobsOf(life)[0])).to.equal(undefined);
    expect(life.node.runtimeLabels).to.deep.equal(['wasmtime']);
    expect(recall(life.node.record)).to.have.nested.property('record.shims').that.deep.equals(['wasmtime']);
  });

  it('gets all of them in one Job', () => {
    const life = provisioned([spin, wasmtime]);
    expect(jobsOf(life).map(ordered)).to.deep.equal([['spin', 'wasmtime']]);
    expect(life.node.runtimeLabels).to.deep.equal(['spin', 'wasmtime']);
    expect(life.node.condition).to.include({ status: 'True', reason: 'Provisioned' });
  });

  it('gets another while those it has go on serving', () => {
    const life = provisioned([wasmtime]);
    give(life, [spin, wasmtime]);
    expect(ordered(jobsOf(life)[1])).to.deep.equal(['spin', 'wasmtime']);
    expect(life.node.runtimeLabels).to.deep.equal(['wasmtime']);
    life.endJob(said('installed', ['spin', 'wasmtime']));
    life.settle();
    expect(life.node.runtimeLabels).to.deep.equal(['spin', 'wasmtime']);
  });

  it('gets another version with its label on all the time', () => {
    const life = provisioned([spin, wasmtime]);
    give(life, [shim('spin', { version: '1.0.1' }), wasmtime]);
    expect(jobsOf(life)).to.have.length(2);
    expect(life.node.runtimeLabels).to.deep.equal(['spin', 'wasmtime']);
  });

  it('loses the label of one at once, though its turn for the Job has not come', () => {
    const life = provisioned([spin, wasmtime]);
    life.turn = { kind: 'wait', why: { kind: 'turn', for: 'limit' } };
    give(life, [wasmtime]);
    expect(life.node.runtimeLabels).to.deep.equal(['wasmtime']);
    expect(jobsOf(life)).to.have.length(1);
    life.turn = { kind: 'go' };
    life.settle();
    expect(jobsOf(life)).to.have.length(2);
    life.endJob(said('installed', ['wasmtime']));
    life.settle();
    expect(recall(life.node.record)).to.have.nested.property('record.shims').that.deep.equals(['wasmtime']);
  });

  it('gets a label back only after proof, when the Shim comes back before the Job', () => {
    const life = provisioned([spin, wasmtime]);
    life.turn = { kind: 'wait', why: { kind: 'turn', for: 'limit' } };
    give(life, [wasmtime]);
    life.turn = { kind: 'go' };
    give(life, [spin, wasmtime]);
    expect(jobsOf(life)).to.have.length(2);
    life.endJob(said('unchanged', ['spin', 'wasmtime']));
    life.settle();
    expect(life.node.runtimeLabels).to.deep.equal(['spin', 'wasmtime']);
  });

  it('that fails for one of them: the others are where they are to be, as ordered', () => {
    const life = provisioned([wasmtime]);
    give(life, [spin, wasmtime]);
    expect(tallied(life, wasmtime), 'while the Job works').to.include({ desired: 1, ready: 1, failed: 0 });
    expect(tallied(life, spin)).to.include({ desired: 1, ready: 0, failed: 0 });
    life.endJob(said('refused', [], { reason: 'DigestMismatch', message: 'shim "spin": wrong' }));
    give(life, [spin, wasmtime]);
    expect(life.node.condition).to.include({ status: 'False', reason: 'Refused' });
    expect(tallied(life, wasmtime)).to.deep.equal({ desired: 1, ready: 1, failed: 0, leaving: [], problems: [] });
    expect(tallied(life, spin)).to.include({ desired: 1, ready: 0, failed: 1 });
    give(life, [spin, shim('wasmtime', { version: '9.0.0' })]);
    life.endJob(said('refused', [], { reason: 'DigestMismatch' }));
    give(life, [spin, shim('wasmtime', { version: '9.0.0' })]);
    expect(tallied(life, wasmtime), 'another version of it').to.include({ desired: 1, ready: 0, failed: 1 });
  });

  it('that the image brings are not there as ordered when another image was to bring them', () => {
    const life = provisioned([wasmtime]);
    const other = { ...policy, installer: { ...policy.installer, installImage: 'registry/installer:2' } };
    give(life, [wasmtime], [], other);
    life.endJob(said('refused', [], { reason: 'NoSpace' }));
    give(life, [wasmtime], [], other);
    expect(tallied(life, wasmtime)).to.include({ desired: 1, ready: 0, failed: 1 });
  });

  it('that a canary pod is to prove count as ordered only when it has', () => {
    const canary = { ...CANARY_DEFAULTS, images: { wasmtime: 'registry/canary:1' } };
    const good: ContainerState = { kind: 'ended', exitCode: 0, reason: 'Completed', text: '' };
    const base: Policy = { ...policy, canary };
    const next = shim('wasmtime', { version: '9.0.0' });
    const life = provisioned([wasmtime], base);
    life.endJob(good);
    give(life, [wasmtime], [], base);
    expect(tallied(life, wasmtime)).to.include({ ready: 1, failed: 0 });
    give(life, [next], [], base);
    life.endJob(said('installed', ['wasmtime']));
    give(life, [next], [], base);
    expect(tallied(life, next), 'while the pod runs').to.include({ ready: 0, failed: 0 });
    life.jobs = life.jobs.filter(({ action }) => action !== 'canary');
    life.nowMs += CANARY_DEFAULTS.deadlineSeconds * 1000 + 1;
    life.settle();
    expect(life.node.condition?.reason).to.equal('CanaryNotRun');
    expect(tallied(life, next)).to.include({ ready: 0, failed: 1 });
  });

  const inUse = () => said('refused', [], { reason: 'InUse', pods: ['default/p/uid-p'] });

  it('waits for the pods of one that goes, and the others serve meanwhile', () => {
    const life = provisioned([spin, wasmtime]);
    give(life, [wasmtime]);
    life.endJob(inUse());
    life.settle();
    expect(life.node.runtimeLabels).to.deep.equal(['wasmtime']);
    expect(life.node.condition?.reason).to.equal('InUse');
    expect(recall(life.node.record)).to.have.nested.property('record.shims').that.deep.equals(['spin', 'wasmtime']);
    life.nowMs += 600_000;
    life.settle();
    life.endJob(said('installed', ['wasmtime']));
    life.settle();
    expect(life.node.condition).to.include({ status: 'True', reason: 'Provisioned' });
  });

  it('has those pods ended where the uninstall policy says so', () => {
    const base: Policy = { ...policy, uninstall: { ...policy.uninstall, policy: 'Evict' } };
    const life = provisioned([spin, wasmtime], base);
    give(life, [wasmtime], [], base);
    life.endJob(inUse());
    life.settle();
    expect(life.history.some(({ kind }) => kind === 'endPods')).to.equal(true);
    life.endJob(said('installed', ['wasmtime']));
    life.settle();
    expect(life.node.condition?.reason).to.equal('Provisioned');
  });

  it('for which there is none is undone, and says why', () => {
    const life = provisioned([wasmtime]);
    give(life, []);
    life.endJob(said('uninstalled'));
    life.settle();
    expect(life.node).to.deep.include({ runtimeLabels: [], record: undefined });
    expect(life.node.condition).to.include({ status: 'False', reason: 'NoShim' });
    const writes = life.history.length;
    life.settle();
    expect(life.history.length, 'and then it is left alone').to.equal(writes);
  });

  it('in a conflict keeps what it has; the condition stays True and names both', () => {
    const life = provisioned([spin, wasmtime]);
    give(life, [spin, wasmtime], [shimView('spin-2', {}, { handler: 'spin' })]);
    expect(jobsOf(life)).to.have.length(1);
    expect(life.node.runtimeLabels).to.deep.equal(['spin', 'wasmtime']);
    expect(life.node.condition).to.include({ status: 'True', reason: 'ShimConflict' });
    expect(life.node.condition?.message).to.contain('spin and spin-2');
    give(life, [spin, wasmtime]);
    expect(life.node.condition?.reason).to.equal('Provisioned');
    expect(jobsOf(life)).to.have.length(1);
  });

  it('that names a Shim that there is not gets nothing', () => {
    const life = new Simulation(policy, nodeView({ shims: 'spun' }));
    give(life, [wasmtime]);
    expect(jobsOf(life)).to.deep.equal([]);
    expect(life.node.condition).to.include({ status: 'False', reason: 'ShimUnknown' });
    life.want(undefined);
    give(life, [wasmtime]);
    expect(life.node.condition).to.equal(undefined);
  });

  it('is left alone while its labels are being read', () => {
    const life = provisioned([spin, wasmtime]);
    life.policy = { ...policy, onNode: { kind: 'held', finding: undefined } };
    const writes = life.history.length;
    life.settle();
    expect(life.history.length).to.equal(writes);
  });
});
