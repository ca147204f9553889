import { expect } from 'chai';
import fc from 'fast-check';
import { resolveShim } from '../../../shims/resolve.ts';
import { nodeView, policy } from '../examples.ts';
import { desiredHash, hashOfImage } from '../policy.ts';
import type { NodeView } from '../view.ts';
import { leaving, shim, shimView } from './examples.ts';
import { type OnNode, shimsOn } from './on-node.ts';
import { rulesOf } from './rules.ts';
import type { ShimView } from './view.ts';

const wasmtime = resolveShim('wasmtime');
const on = (node: NodeView, shims: readonly ShimView[], configured = [wasmtime], serves: readonly string[] = []) =>
  shimsOn(node, rulesOf(shims, configured), () => serves);
const names = (onNode: OnNode) => (onNode.kind === 'given' ? onNode.shims.map(({ name }) => name) : onNode.kind);
const reason = (onNode: OnNode) => ('finding' in onNode ? onNode.finding?.reason : undefined);
const hash = (onNode: OnNode) => desiredHash({ ...policy, onNode });

describe('the Shims of a node', () => {
  const pool = { nodeSelector: { pool: 'a' } };
  const invalid = { spec: { kind: 'problem', reason: 'Invalid', message: 'spec.version: missing' } } as const;
  const cases: readonly {
    name: string;
    node?: Partial<NodeView>;
    shims: readonly ShimView[];
    serves?: readonly string[];
    are: readonly string[] | string;
    because?: string;
  }[] = [
    { name: 'those of the values, without the CRD', shims: [], are: ['wasmtime'] },
    { name: 'and those that people made', shims: [shimView('spin')], are: ['spin', 'wasmtime'] },
    { name: 'not those that select other nodes', shims: [shimView('spin', {}, pool)], are: ['wasmtime'] },
    {
      name: 'those that select it',
      node: { labels: { pool: 'a' } },
      shims: [shimView('spin', {}, pool)],
      are: ['spin', 'wasmtime'],
    },
    { name: 'of these, those that it names', node: { shims: 'spin' }, shims: [shimView('spin')], are: ['spin'] },
    {
      name: 'in any spelling of the list',
      node: { shims: ' wasmtime, spin ' },
      shims: [shimView('spin')],
      are: ['spin', 'wasmtime'],
    },
    { name: 'all, where it names nothing', node: { shims: '' }, shims: [shimView('spin')], are: ['spin', 'wasmtime'] },
    {
      name: 'nobody’s, where it names one that there is not',
      node: { shims: 'spun,wasmtime' },
      shims: [shimView('spin')],
      are: 'held',
      because: 'ShimUnknown',
    },
    {
      name: 'nobody’s, where it names one that is not for it',
      node: { shims: 'spin' },
      shims: [shimView('spin', {}, pool)],
      are: 'held',
      because: 'ShimUnknown',
    },
    { name: 'not one that is being deleted', shims: [shimView('spin', leaving)], are: ['wasmtime'] },
    {
      name: 'none, where all it names are being deleted',
      node: { shims: 'spin' },
      shims: [shimView('spin', leaving)],
      are: 'none',
      because: 'NoShim',
    },
    {
      name: 'an object over the values of its name',
      shims: [shimView('wasmtime', {}, pool)],
      are: 'none',
      because: 'NoShim',
    },
    { name: 'without one that cannot be used', shims: [shimView('spin', invalid)], are: ['wasmtime'] },
    {
      name: 'as they were, where it has the one that cannot be used',
      shims: [shimView('spin', invalid)],
      serves: ['spin'],
      are: 'held',
      because: 'ShimRefused',
    },
    {
      name: 'none of two with one handler',
      shims: [shimView('spin'), shimView('spin-2', {}, { handler: 'spin' })],
      are: ['wasmtime'],
    },
    {
      name: 'as they were, where one of two with one handler is there',
      shims: [shimView('spin'), shimView('spin-2', {}, { handler: 'spin' })],
      serves: ['spin', 'wasmtime'],
      are: 'held',
      because: 'ShimConflict',
    },
    {
      name: 'none of two with one handler, though they select other nodes',
      node: { labels: { pool: 'a' } },
      shims: [shimView('spin', {}, pool), shimView('spin-2', {}, { handler: 'spin', nodeSelector: { pool: 'b' } })],
      are: ['wasmtime'],
    },
    {
      name: 'the other, as soon as one of two is being deleted',
      shims: [shimView('spin', leaving), shimView('spin-2', {}, { handler: 'spin' })],
      are: ['spin-2', 'wasmtime'],
    },
    {
      name: 'without one that has nothing for its architecture',
      node: { kind: 'kubernetes, Debian, containerd 2.1, arm64' },
      shims: [shimView('spin')],
      are: ['wasmtime'],
    },
    {
      name: 'none of one name in two groups',
      shims: [shimView('spin'), shimView('spin', { origin: 'spinkube' }, { handler: 'spin-v2' })],
      are: ['wasmtime'],
    },
  ];
  for (const { name, node, shims, serves, are, because } of cases) {
    it(`are ${name}`, () => {
      const found = on(nodeView(node), shims, [wasmtime], serves);
      expect(names(found)).to.deep.equal(are);
      expect(reason(found)).to.equal(because);
    });
  }

  it('name both of a conflict, in what the node says', () => {
    const shims = [shimView('spin'), shimView('spin-2', {}, { handler: 'spin' })];
    const found = on(nodeView(), shims);
    if (found.kind !== 'given') throw new Error(found.kind);
    expect(found.notes.join()).to.match(/spin and spin-2 all name the handler spin/);
    const none = on(nodeView(), shims, []);
    expect(reason(none)).to.equal('ShimConflict');
  });

  it('of a default installation leave the desired state as it was before there were Shims', () => {
    expect(hash(on(nodeView(), []))).to.equal(hashOfImage(policy.installer.installImage));
    const { spec } = wasmtime;
    const applied = shimView('wasmtime', { managed: true, spec: { kind: 'spec', spec }, handler: 'wasmtime' });
    expect(hash(on(nodeView(), [applied])), 'applied').to.equal(hashOfImage(policy.installer.installImage));
  });

  it('change the desired state with their version, digest and number, and with nothing else', () => {
    const base = hash(on(nodeView(), [shimView('spin')]));
    expect(base).not.to.equal(hash(on(nodeView(), [])));
    const differing = [
      { version: '1.0.1' },
      { options: { SystemdCgroup: true } },
      { sources: [{ arch: 'amd64', https: { url: 'https://example.com/spin.tar.gz', sha256: 'b'.repeat(64) } }] },
    ];
    for (const change of differing) expect(hash(on(nodeView(), [shimView('spin', {}, change)]))).not.to.equal(base);
    const same = [{ runtimeClasses: [{ name: 'x' }] }, { rollout: { paused: true } }, { nodeSelector: {} }];
    for (const change of same) expect(hash(on(nodeView(), [shimView('spin', {}, change)]))).to.equal(base);
    expect(hash(on(nodeView({ labels: { pool: 'a' } }), [shimView('spin', {}, pool)]))).to.equal(base);
  });

  it('of the values are what the values say, before the objects of an earlier release are changed', () => {
    const earlier = shimView('spin', { managed: true }, { version: '0.9.0' });
    const given = hash(on(nodeView(), [earlier], [shim('spin')]));
    expect(given).to.equal(hash(on(nodeView(), [], [shim('spin')])));
    const theirs = { ...earlier, managed: false };
    expect(hash(on(nodeView(), [theirs], [shim('spin')]))).not.to.equal(given);
  });

  it('are the same for every node that is given the same', () => {
    const rules = rulesOf([shimView('spin')], [wasmtime]);
    const [a, b] = ['n1', 'n2'].map((name) => shimsOn(nodeView({ name }), rules, () => []));
    expect(a).to.equal(b);
  });

  it('never have two of one handler, whatever Shims there are', () => {
    const one = fc.record({
      name: fc.constantFrom('a', 'b', 'c', 'd'),
      handler: fc.constantFrom('x', 'y', 'z'),
      gone: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.uniqueArray(one, { selector: ({ name }) => name }), (all) => {
        const shims = all.map(({ name, handler, gone }) => shimView(name, gone ? leaving : {}, { handler }));
        const found = on(nodeView(), shims, []);
        const handlers = found.kind === 'given' ? found.shims.map(({ spec }) => spec.handler) : [];
        expect(new Set(handlers).size).to.equal(handlers.length);
        const alive = all.filter(({ gone }) => !gone);
        const alone = alive.filter((a) => alive.filter((b) => b.handler === a.handler).length === 1);
        expect([...handlers].sort()).to.deep.equal(alone.map(({ handler }) => handler).sort());
      }),
    );
  });

  it('are orders that the installer takes', () => {
    const found = shimsOn(nodeView(), rulesOf([], [wasmtime, shim('spin')]), () => []);
    if (found.kind !== 'given') throw new Error(found.kind);
    expect(JSON.parse(found.orders)).to.have.length(2);
    expect(found.isDefault).to.equal(false);
  });
});
