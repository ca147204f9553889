import { expect } from 'chai';
import { resolveShim } from '../../../shims/resolve.ts';
import { jobView, NOW_MS, nodeView, policy } from '../examples.ts';
import { desiredHash, type Policy } from '../policy.ts';
import type { NodeRecord } from '../record.ts';
import type { JobView, NodeView } from '../view.ts';
import { leaving, shim, shimView } from './examples.ts';
import { ABANDON_MS, finalizerOf, objectActions } from './object.ts';
import { shimsOn } from './on-node.ts';
import { rulesOf } from './rules.ts';
import { saysTheSame, statusOf } from './status.ts';
import { type Tally, tally } from './tally.ts';
import type { ShimView } from './view.ts';

const wasmtime = resolveShim('wasmtime');

/** A cluster with these Shims; `record`: of a node, once its desired state is known. */
class Cluster {
  readonly shims: readonly ShimView[];
  readonly nodes: NodeView[] = [];
  readonly jobs = new Map<string, readonly JobView[]>();
  readonly #configured: readonly (typeof wasmtime)[];

  constructor(shims: readonly ShimView[], configured = [wasmtime]) {
    this.shims = shims;
    this.#configured = configured;
  }

  get rules() {
    return rulesOf(this.shims, this.#configured);
  }

  policyOf = (node: NodeView): Policy => ({ ...policy, onNode: shimsOn(node, this.rules, () => handlersOf(node)) });

  node(name: string, record: Partial<NodeRecord> | undefined, change: Partial<NodeView> = {}): this {
    const bare = nodeView({ name, uid: name, ...change });
    const whole: NodeRecord | undefined = record && {
      version: 1,
      state: 'installed',
      reason: 'Provisioned',
      message: '',
      desired: desiredHash(this.policyOf(bare)),
      image: policy.installer.image,
      job: 'j',
      nodeUid: name,
      machineId: 'machine-1',
      bootId: '',
      handlers: ['spin', 'wasmtime'],
      containerd: '2.1.4',
      touched: true,
      attempts: 0,
      at: new Date(NOW_MS).toISOString(),
      shims: ['spin', 'wasmtime'],
      ...record,
    };
    this.nodes.push({ ...bare, record: whole === undefined ? undefined : JSON.stringify(whole) });
    return this;
  }

  tally(name = 'spin'): Tally {
    const handlers = new Map(this.shims.map((one) => [one.name, one.handler]));
    const found = tally(this.nodes, (node) => this.jobs.get(node) ?? [], this.policyOf, handlers).get(name);
    if (found === undefined) throw new Error(`no ${name}`);
    return found;
  }

  status(name = 'spin') {
    const view = this.shims.find((one) => one.name === name);
    if (view === undefined) throw new Error(`no ${name}`);
    const rule = this.rules.all.find((one) => one.name === name);
    return statusOf(view, rule, this.tally(name), undefined, NOW_MS);
  }
}

function handlersOf({ record }: NodeView): readonly string[] {
  return record === undefined ? [] : (JSON.parse(record) as NodeRecord).handlers;
}

const said = ({ conditions }: ReturnType<Cluster['status']>) =>
  conditions.map(({ type, status, reason }) => `${type}=${status} ${reason}`);

describe('the status of a Shim', () => {
  const spin = shimView('spin');

  it('of which every node has its own is Ready', () => {
    const status = new Cluster([spin]).node('a', {}).node('b', {}).status();
    expect(status.nodes).to.deep.equal({ desired: 2, ready: 2, pending: 0, failed: 0, leaving: 0 });
    expect(said(status)).to.deep.equal([
      'Ready=True Ready',
      'Progressing=False AsExpected',
      'Degraded=False AsExpected',
    ]);
  });

  it('counts those that wait, have failed, or are only held up by pods', () => {
    const cluster = new Cluster([spin])
      .node('a', {})
      .node('waits', { desired: 'older' })
      .node('new', undefined)
      .node('held-up', { state: 'failed', reason: 'InUse', attempts: 1 })
      .node(
        'failed',
        { state: 'failed', reason: 'InstallFailed', attempts: 1, handlers: ['wasmtime'] },
        {
          condition: { status: 'False', reason: 'InstallFailed', message: 'wrong digest', sinceMs: 0 },
        },
      );
    const status = cluster.status();
    expect(status.nodes).to.deep.equal({ desired: 5, ready: 1, pending: 3, failed: 1, leaving: 0 });
    expect(said(status)).to.deep.equal([
      'Ready=False NodesFailed',
      'Progressing=True RollingOut',
      'Degraded=True NodesFailed',
    ]);
    expect(status.problems.map(({ node }) => node)).to.deep.equal(['held-up', 'failed']);
    expect(status.conditions[0]?.message).to.contain('failed: InstallFailed: wrong digest');
  });

  it('for which there are no nodes says so', () => {
    expect(said(new Cluster([spin]).node('a', undefined, { trigger: NOBODY }).status())[0]).to.equal(
      'Ready=True NoNodes',
    );
  });

  it('in conflict names both, and its nodes keep what they have', () => {
    const cluster = new Cluster([spin, shimView('spin-2', {}, { handler: 'spin' })]).node('a', {});
    for (const name of ['spin', 'spin-2']) {
      const { conditions } = cluster.status(name);
      for (const { reason, message } of conditions) {
        expect(reason).to.equal('Conflict');
        expect(message).to.contain('spin and spin-2');
      }
    }
    expect(cluster.tally('spin')).to.include({ desired: 1, ready: 1 });
    expect(cluster.tally('spin').leaving).to.deep.equal([]);
  });

  it('that is being deleted counts the nodes that may still have it', () => {
    const gone = shimView('spin', leaving);
    const cluster = new Cluster([gone])
      .node('has it', { desired: 'older', handlers: ['wasmtime'] })
      .node('lost it', { shims: ['wasmtime'], handlers: ['wasmtime'] })
      .node('is unwanted', { state: 'removing', handlers: [] }, { trigger: NOBODY })
      .node('from before, with it', { desired: 'older', shims: NOT_SAID })
      .node('from before, without', { shims: NOT_SAID, handlers: ['wasmtime'] })
      .node('is going', { desired: 'older' }, { leaving: true })
      .node('begins', undefined);
    cluster.jobs.set('begins', [jobView({ node: 'begins', shims: ['spin', 'wasmtime'] })]);
    expect(cluster.tally().leaving.map(({ node }) => node)).to.deep.equal([
      'has it',
      'is unwanted',
      'from before, with it',
      'begins',
    ]);
    expect(said(cluster.status())[0]).to.equal('Ready=False Removing');
    expect(cluster.status().conditions[0]?.message).to.match(/^4 nodes may still have it: has it, .* and others\./);
  });

  it('keeps the time of a condition until its status changes, and is not written again when nothing has', () => {
    const first = new Cluster([spin]).node('a', {}).status();
    const written = { ...spin, status: JSON.stringify(first) };
    const later = statusOf(
      written,
      new Cluster([written]).rules.all[0],
      new Cluster([written]).node('a', {}).tally(),
      undefined,
      NOW_MS + 99_000,
    );
    expect(later.conditions.map(({ lastTransitionTime }) => lastTransitionTime)).to.deep.equal(
      first.conditions.map(({ lastTransitionTime }) => lastTransitionTime),
    );
    expect(saysTheSame({ b: 1, a: [{ y: 1, x: 2 }] }, '{"a":[{"x":2,"y":1}],"b":1}')).to.equal(true);
    expect(saysTheSame({ a: 1 }, '')).to.equal(false);
    expect(saysTheSame({ a: 1 }, '{"a":2}')).to.equal(false);
  });

  it('says why where no Shim is installed at all', () => {
    const status = statusOf(spin, undefined, new Cluster([spin]).tally(), 'ThirdPartyInstaller', NOW_MS);
    expect(said(status)[0]).to.equal('Ready=False ThirdPartyInstaller');
  });
});

/** As in records of before there were Shims. */
const NOT_SAID = undefined as unknown as readonly string[];

const NOBODY = { annotation: undefined, label: undefined };

describe('the finalizer of a Shim', () => {
  const none: Tally = { desired: 0, ready: 0, failed: 0, leaving: [], problems: [] };
  const up = { node: 'up', ready: true };
  const down = { node: 'down', ready: false };
  const on = { finalizers: ['kwasm.sh/shim'] };
  const cases: readonly [string, Partial<ShimView>, Partial<Tally>, number, object][] = [
    ['is put on one that a node is to have', {}, { desired: 1 }, 0, { kind: 'add' }],
    ['is put on one that a node may still have', {}, { leaving: [up] }, 0, { kind: 'add' }],
    ['stays while it does', on, { desired: 1 }, 0, { kind: 'keep' }],
    ['is not put on one that nobody has', {}, {}, 0, { kind: 'keep' }],
    ['goes with the last node', on, {}, 0, { kind: 'remove', abandoned: [] }],
    ['is not put on one that is being deleted', { leavingMs: NOW_MS }, { leaving: [up] }, 0, { kind: 'keep' }],
    ['waits for a node that has it', leaving, { leaving: [up] }, 0, { kind: 'keep' }],
    ['and for ever, as long as that node answers', leaving, { leaving: [up] }, ABANDON_MS * 9, { kind: 'keep' }],
    ['waits for one that does not', leaving, { leaving: [down] }, 1000, { kind: 'wait', afterMs: ABANDON_MS - 1000 }],
    ['but not for ever', leaving, { leaving: [down] }, ABANDON_MS, { kind: 'remove', abandoned: ['down'] }],
    ['and for the other nodes all the same', leaving, { leaving: [down, up] }, ABANDON_MS, { kind: 'keep' }],
    ['goes when no node has it any more', leaving, {}, 0, { kind: 'remove', abandoned: [] }],
  ];
  for (const [name, view, counts, afterMs, expected] of cases) {
    it(name, () => {
      expect(finalizerOf(shimView('spin', view), { ...none, ...counts }, NOW_MS + afterMs)).to.deep.equal(expected);
    });
  }
});

describe('the Shims that the values name', () => {
  const spin = shim('spin', { runtimeClasses: [{ name: 'spin' }] });
  const kinds = (shims: readonly ShimView[], configured = [spin]) =>
    objectActions(shims, configured).map(({ kind }) => kind);
  const made = (change: Partial<ShimView> = {}) =>
    shimView('spin', { managed: true, spec: { kind: 'spec', spec: spin.spec }, ...change });

  it('are made, kept, changed back, and deleted when they are named no more', () => {
    const [action] = objectActions([], [spin]);
    expect(action?.kind === 'apply' && action.manifest).to.deep.equal({
      apiVersion: 'kwasm.sh/v1alpha1',
      kind: 'Shim',
      metadata: { name: 'spin', labels: { 'app.kubernetes.io/managed-by': 'kwasm-operator' } },
      spec: {
        version: '1.0.0',
        handler: 'spin',
        binary: 'containerd-shim-spin-v1',
        sources: spin.spec.sources,
        runtimeClasses: [{ name: 'spin' }],
      },
    });
    expect(kinds([made()])).to.deep.equal([]);
    expect(kinds([shimView('spin', { managed: true })])).to.deep.equal(['apply']);
    expect(kinds([made()], [])).to.deep.equal(['delete']);
  });

  it('leave alone what somebody else made, and what is going', () => {
    expect(kinds([made({ managed: false })])).to.deep.equal(['foreign']);
    expect(kinds([made({ managed: false })], [])).to.deep.equal([]);
    expect(kinds([made(leaving)])).to.deep.equal([]);
    expect(kinds([made(leaving)], [])).to.deep.equal([]);
    expect(kinds([made({ origin: 'spinkube' })], [])).to.deep.equal([]);
  });
});
