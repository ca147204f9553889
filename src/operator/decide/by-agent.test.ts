import type { V1Pod } from '@kubernetes/client-node';
import { expect } from 'chai';
import fc from 'fast-check';
import { printVerdict } from '../../verdict.ts';
import { CANARY_DEFAULTS } from './canary-policy.ts';
import { nodeView, policy as plain, said } from './examples.ts';
import type { Policy } from './policy.ts';
import { projectPod } from './project.ts';
import { recall } from './record.ts';
import { Simulation } from './simulation.ts';
import type { ContainerState, PodView } from './view.ts';

const policy: Policy = { ...plain, mode: 'daemonset' };
const labelled = nodeView({ trigger: { annotation: undefined, label: 'true' } });
const WAITING: ContainerState = { kind: 'waiting', reason: 'PodInitializing', message: '' };

/** The node, and the DaemonSet's controller and kubelet beside it. */
class Daemons {
  readonly world: Simulation;
  image = plain.installer.image;
  #count = 0;

  constructor(rules: Policy = policy, node = labelled) {
    this.world = new Simulation(rules, node);
    this.sync();
  }

  get agent(): PodView | undefined {
    return this.world.pods.find(({ agent }) => agent !== undefined);
  }

  /** A pod where the label is, none elsewhere, the right image in it; then the operator. */
  sync(): void {
    const { world } = this;
    for (let round = 0; round < 5; round += 1) {
      const wanted = world.node.trigger.label === 'true';
      if (!wanted || this.agent?.agent?.image !== this.image) this.#drop();
      if (wanted && this.agent === undefined) this.#make();
      world.settle();
    }
  }

  /** The installer's container ends; one that failed is started again. */
  end(state: ContainerState & { readonly kind: 'ended' }): void {
    this.#count += 1;
    const { nowMs } = this.world;
    const run = { id: `run-${this.#count}`, startedMs: nowMs - 5_000, endedMs: nowMs, state };
    this.#change({ busy: state.exitCode !== 0, started: true, run });
    this.sync();
  }

  begin(): void {
    this.#change({ busy: true, started: true });
    this.sync();
  }

  label(value: 'true' | undefined): void {
    this.world.node = { ...this.world.node, trigger: { annotation: undefined, label: value } };
    this.sync();
  }

  record() {
    const memory = recall(this.world.node.record);
    return memory.kind === 'record' ? memory.record : undefined;
  }

  get jobs(): readonly string[] {
    return this.world.jobs.map(({ action, end }) => `${action} ${end?.kind ?? 'runs'}`);
  }

  #change(agent: Partial<NonNullable<PodView['agent']>>): void {
    this.world.pods = this.world.pods.map((pod) =>
      pod.agent === undefined ? pod : { ...pod, agent: { ...pod.agent, ...agent } },
    );
  }

  #drop(): void {
    this.world.pods = this.world.pods.filter(({ agent }) => agent === undefined);
  }

  #make(): void {
    this.#count += 1;
    this.world.pods.push({
      name: `agent-${this.#count}`,
      uid: `agent-${this.#count}`,
      node: 'n1',
      jobUid: undefined,
      createdMs: this.world.nowMs,
      phase: 'Running',
      reason: '',
      message: '',
      containers: [{ name: 'kwasm-provision', state: WAITING }],
      agent: { image: this.image, leaving: false, busy: true, started: false, run: undefined },
    });
  }
}

const ended = (...args: Parameters<typeof said>) => said(...args) as ContainerState & { readonly kind: 'ended' };

describe('a node whose DaemonSet pod installs', () => {
  let it_: Daemons;
  beforeEach(() => {
    it_ = new Daemons();
  });

  it('is labelled when the verdict is there, and no Job is made for it', () => {
    expect(it_.world.node.condition).to.include({ status: 'False', reason: 'AgentWorking' });
    expect(it_.record(), 'nothing was started, so nothing is owed').to.equal(undefined);
    it_.begin();
    expect(it_.record()).to.include({ state: 'installing', touched: true });
    expect(it_.world.node.runtimeLabels).to.deep.equal([]);
    it_.end(ended('installed', ['wasmtime']));
    expect(it_.world.node).to.deep.include({ runtimeLabels: ['wasmtime'], provisionedLabel: 'n1' });
    expect(it_.world.node.condition).to.include({ status: 'True', reason: 'Provisioned' });
    expect(it_.jobs).to.deep.equal([]);
  });

  it('is undone by a Job when its label is taken away, once its pod has gone', () => {
    it_.begin();
    it_.end(ended('installed', ['wasmtime']));
    it_.world.node = { ...it_.world.node, trigger: { annotation: undefined, label: undefined } };
    it_.world.settle();
    expect(it_.world.node.runtimeLabels, 'first of all').to.deep.equal([]);
    expect(it_.jobs, 'while its pod is there').to.deep.equal([]);
    it_.sync();
    expect(it_.jobs).to.deep.equal(['uninstall runs']);
    it_.world.endJob(said('uninstalled'));
    it_.sync();
    expect(it_.world.node).to.deep.include({ record: undefined, condition: undefined });
  });

  it('is undone, too, when the label goes in the middle of the work', () => {
    it_.begin();
    it_.label(undefined);
    expect(it_.jobs).to.deep.equal(['uninstall runs']);
  });

  it('is not undone when its pod never came to anything', () => {
    it_.label(undefined);
    expect(it_.jobs).to.deep.equal([]);
    expect(it_.world.node.record).to.equal(undefined);
  });

  it('is undone when the operator saw nothing of it but a pod that ends', () => {
    it_.begin();
    it_.world.node = { ...it_.world.node, trigger: { annotation: undefined, label: undefined }, record: undefined };
    it_.world.settle();
    expect(it_.record()?.state).to.equal('removing');
  });

  it('says why its pod does not start', () => {
    const state = { kind: 'waiting', reason: 'ImagePullBackOff', message: 'no such host' } as const;
    it_.world.pods = it_.world.pods.map((pod) => ({ ...pod, containers: [{ name: 'kwasm-provision', state }] }));
    it_.sync();
    expect(it_.world.node.condition?.reason).to.equal('ImagePullFailed');
  });

  it('tells of a failure, leaves the next attempt to its pod, and reads that', () => {
    it_.begin();
    it_.end(ended('rolledBack'));
    expect(it_.world.node.condition).to.include({ status: 'False', reason: 'RolledBack' });
    expect(it_.world.node.condition?.message).to.contain('Attempt 1 of 2; the next one follows after 15 minutes');
    it_.world.nowMs += 3_600_000;
    const before = it_.world.history.length;
    it_.sync();
    expect(it_.world.history.slice(before), 'the pod is left alone').to.deep.equal([]);
    it_.end(ended('installed', ['wasmtime']));
    expect(it_.world.node.condition?.reason).to.equal('Provisioned');
  });

  it('says when a run ended without a verdict', () => {
    it_.begin();
    it_.end({ kind: 'ended', exitCode: 137, reason: 'OOMKilled', text: '' });
    expect(it_.world.node.condition?.reason).to.equal('OutOfMemory');
    it_.end({ kind: 'ended', exitCode: 1, reason: 'Error', text: 'what was last said' });
    expect(it_.world.node.condition).to.include({ reason: 'NoVerdict' });
    expect(it_.world.node.condition?.message).to.contain('what was last said');
  });

  it('keeps serving while another image comes', () => {
    it_.begin();
    it_.end(ended('installed', ['wasmtime']));
    const image = 'registry.example/kwasm-node-installer:2';
    it_.world.policy = { ...policy, installer: { ...policy.installer, image, installImage: image } };
    it_.world.settle();
    expect(it_.world.node.condition).to.include({ status: 'True', reason: 'AgentWorking' });
    expect(it_.world.node.condition?.message).to.contain('to be replaced');
    it_.image = image;
    it_.sync();
    it_.begin();
    it_.end(ended('unchanged', ['wasmtime']));
    expect(it_.world.node.condition).to.include({ status: 'True', reason: 'Provisioned' });
    expect(it_.record()).to.include({ image });
    expect(it_.world.node.runtimeLabels).to.deep.equal(['wasmtime']);
  });

  it('that lost its handlers gets another pod, when it is its turn', () => {
    it_.begin();
    it_.end(ended('installed', ['wasmtime']));
    const { agent } = it_;
    it_.world.node = { ...it_.world.node, handlers: ['runc', 'wasmtime'] };
    it_.sync();
    it_.world.nowMs += 120_000;
    it_.world.turn = { kind: 'wait', why: { kind: 'paused', by: 'somebody' } };
    it_.world.node = { ...it_.world.node, handlers: ['runc'] };
    it_.sync();
    expect(it_.world.node).to.deep.include({ runtimeLabels: [] });
    expect(it_.agent?.uid).to.equal(agent?.uid);
    it_.world.turn = { kind: 'go' };
    it_.sync();
    expect(it_.agent?.uid).to.not.equal(agent?.uid);
    it_.begin();
    it_.world.node = { ...it_.world.node, handlers: ['runc', 'wasmtime'] };
    it_.end(ended('installed', ['wasmtime']));
    expect(it_.world.node.runtimeLabels).to.deep.equal(['wasmtime']);
  });

  it('is not changed, and not undone, when it is annotated and not labelled', () => {
    const annotated = new Daemons(policy, nodeView());
    expect(annotated.world.node.condition).to.include({ status: 'False', reason: 'NeedsLabel' });
    it_.begin();
    it_.end(ended('installed', ['wasmtime']));
    it_.world.node = { ...it_.world.node, trigger: { annotation: 'true', label: undefined } };
    it_.sync();
    expect(it_.world.node.condition?.reason).to.equal('NeedsLabel');
    expect(it_.world.node.runtimeLabels).to.deep.equal(['wasmtime']);
    expect(it_.jobs).to.deep.equal([]);
  });

  it('is put back when its canary pod fails, and is not installed again by reading the same verdict', () => {
    const canary = { ...CANARY_DEFAULTS, images: { wasmtime: 'registry.example/canary:1' } };
    it_ = new Daemons({ ...policy, canary });
    it_.begin();
    it_.end(ended('installed', ['wasmtime']));
    expect(it_.jobs).to.deep.equal(['canary runs']);
    it_.world.endJob({ kind: 'ended', exitCode: 134, reason: 'Error', text: '' });
    it_.sync();
    it_.world.endJob(said('uninstalled'));
    it_.sync();
    expect(it_.world.node.condition?.reason).to.equal('CanaryFailed');
    it_.world.nowMs += 24 * 3_600_000;
    const before = it_.world.history.length;
    it_.sync();
    expect(it_.world.history.slice(before)).to.deep.equal([]);
  });

  it('takes the Jobs of the other mode over, and gives them back', () => {
    const world = new Simulation(plain, nodeView({ trigger: { annotation: undefined, label: 'true' } }));
    world.settle();
    world.endJob(said('installed', ['wasmtime']));
    world.settle();
    const before = world.history.length;
    world.policy = policy;
    world.settle();
    world.policy = plain;
    world.settle();
    expect(world.history.slice(before)).to.deep.equal([]);
  });

  it('ends clean, or ready, whatever happens on the way', () => {
    const step = fc.oneof(
      fc.constant((one: Daemons) => one.begin()),
      fc.constant((one: Daemons) => one.label('true')),
      fc.constant((one: Daemons) => one.label(undefined)),
      fc
        .constantFrom('installed', 'unchanged', 'refused', 'failed', 'rolledBack', 'broken')
        .map(
          (outcome) => (one: Daemons) =>
            one.end(ended(outcome as 'installed', outcome.endsWith('ed') ? ['wasmtime'] : [])),
        ),
      fc.integer({ min: 0, max: 7_200_000 }).map((ms) => (one: Daemons) => {
        one.world.nowMs += ms;
        one.sync();
      }),
      fc.constant((one: Daemons) => {
        one.world.endJob(said('uninstalled'));
        one.sync();
      }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), fc.constantFrom('true' as const, undefined), (steps, last) => {
        const one = new Daemons();
        for (const take of steps) {
          take(one);
          expect(one.world.node.runtimeLabels).to.deep.equal(one.record()?.handlers ?? []);
        }
        one.label(undefined);
        for (let round = 0; round < 3; round += 1) {
          one.world.nowMs += 24 * 3_600_000;
          one.world.endJob(said('uninstalled'));
          one.sync();
        }
        expect(one.world.node).to.deep.include({ record: undefined, condition: undefined, runtimeLabels: [] });
        one.label(last);
        if (last === undefined) return;
        one.begin();
        one.end(ended('installed', ['wasmtime']));
        expect(one.world.node.condition?.reason).to.equal('Provisioned');
      }),
      { numRuns: 300 },
    );
  });
});

describe('the projection of an agent', () => {
  const text = printVerdict({
    kind: 'kwasm.sh/verdict',
    version: 1,
    outcome: 'failed',
    reason: 'NoSpace',
    message: 'm',
    handlers: [],
    files: [],
    steps: [],
  });
  const terminated = { exitCode: 1, reason: 'Error', message: text, containerID: 'containerd://1' };
  const pod = (state: object, lastState: object = {}, labels = { 'kwasm.sh/agent': 'true' }) =>
    projectPod({
      metadata: { name: 'p', uid: 'u', labels },
      spec: { containers: [], initContainers: [{ name: 'kwasm-provision', image: 'i:1' }] },
      status: { initContainerStatuses: [{ name: 'kwasm-provision', state, lastState }] },
    } as unknown as V1Pod).agent;

  it('reads the last run of a container that was started again', () => {
    const agent = pod({ running: {} }, { terminated });
    expect(agent).to.include({ image: 'i:1', busy: true, started: true, leaving: false });
    expect(agent?.run).to.deep.include({ id: 'u/containerd://1' });
    expect(agent?.run?.state).to.deep.include({ exitCode: 1, text });
  });

  it('knows one that has not started, one that is done, and a Job pod', () => {
    expect(pod({ waiting: { reason: 'PodInitializing' } })).to.deep.include({
      busy: true,
      started: false,
      run: undefined,
    });
    expect(pod({ terminated: { ...terminated, exitCode: 0 } })).to.deep.include({ busy: false, started: true });
    expect(pod({ running: {} }, {}, {} as never)).to.equal(undefined);
  });
});
