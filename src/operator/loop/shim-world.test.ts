import type { V1Node } from '@kubernetes/client-node';
import { expect } from 'chai';
import { NOW_MS, policy } from '../decide/examples.ts';
import { shim } from '../decide/shims/examples.ts';
import type { ShimObject } from '../decide/shims/project.ts';
import { World } from './world.ts';

/** What a change of a Shim means for nodes, before any decision. */
describe('Shims in the store', () => {
  let world: World;
  let marked: string[];
  let refreshes: number;
  let version: number;

  beforeEach(() => {
    [marked, refreshes, version] = [[], 0, 1];
    world = new World((key) => marked.push(key), policy, {
      refreshNodes: () => {
        refreshes += 1;
      },
    });
    list(node('n1', { pool: 'a' }), node('n2', { pool: 'b' }));
    marked = [];
  });

  function node(name: string, labels: Record<string, string>): V1Node {
    const annotations = { 'kwasm.sh/kwasm-node': 'true' };
    return { metadata: { name, uid: name, resourceVersion: '1', labels, annotations } };
  }

  function list(...nodes: readonly V1Node[]): () => void {
    const listing = world.nodes.begin();
    for (const one of nodes) listing.put(one);
    listing.swap('1');
    return () => listing.swap('1');
  }

  function object(name: string, spec: Record<string, unknown> = {}, metadata: object = {}): ShimObject {
    version += 1;
    return {
      metadata: { name, uid: name, generation: 1, resourceVersion: String(version), ...metadata } as object,
      spec: shim(name, spec).spec,
    };
  }

  const onNode = (name: string) => {
    const view = world.nodes.get(name);
    if (view === undefined) throw new Error(`no ${name}`);
    const { onNode: found } = world.policyOf(view);
    return found?.kind === 'given' ? found.shims.map((one) => one.name).join() : found?.kind;
  };

  it('concern every node when they come, and none when only their status has changed', () => {
    world.shims.put(object('spin'));
    expect(marked).to.include.members(['node/n1', 'node/n2', 'shims']);
    expect(onNode('n1')).to.equal('spin,wasmtime');
    marked = [];
    world.shims.put({ ...object('spin'), status: { nodes: { ready: 1 } } });
    expect(marked).to.deep.equal(['shims']);
  });

  it('that select by a label have the nodes listed anew, and nothing is done until they are', () => {
    expect(world.nodes.get('n1')?.labels, 'no more is kept than is asked for').to.deep.equal({});
    world.shims.put(object('spin', { nodeSelector: { pool: 'a' } }));
    expect(refreshes).to.equal(1);
    expect([onNode('n1'), onNode('n2')]).to.deep.equal(['held', 'held']);
    expect(world.rollout.turn('n1', NOW_MS).kind).to.equal('wait');
    marked = [];
    list(node('n1', { pool: 'a', other: 'x' }), node('n2', { pool: 'b' }));
    expect([onNode('n1'), onNode('n2')]).to.deep.equal(['spin,wasmtime', 'wasmtime']);
    expect(world.nodes.get('n1')?.labels).to.deep.equal({ pool: 'a' });
    expect(marked).to.include.members(['node/n1', 'node/n2']);
    world.shims.put(object('spin', { nodeSelector: { pool: 'b' } }));
    expect(refreshes, 'the label is known by now').to.equal(1);
    expect([onNode('n1'), onNode('n2')]).to.deep.equal(['wasmtime', 'spin,wasmtime']);
  });

  it('are not believed on a list that was begun before the selector was known', () => {
    const listing = world.nodes.begin();
    world.shims.put(object('spin', { nodeSelector: { pool: 'a' } }));
    for (const one of [node('n1', { pool: 'a' }), node('n2', {})]) listing.put(one);
    listing.swap('2');
    expect(onNode('n1')).to.equal('held');
    list(node('n1', { pool: 'a' }), node('n2', {}));
    expect(onNode('n1')).to.equal('spin,wasmtime');
  });

  it('share one policy between all nodes of which they say the same', () => {
    const [a, b] = ['n1', 'n2'].map((name) => world.nodes.get(name));
    if (a === undefined || b === undefined) throw new Error('no nodes');
    expect(world.policyOf(a)).to.equal(world.policyOf(b));
  });

  it('mean nothing where a third-party installer brings what it brings', () => {
    const installer = { ...policy.installer, installImage: 'other:1' };
    world = new World(() => {}, { ...policy, installer });
    list(node('n1', {}));
    world.shims.put(object('spin'));
    expect(onNode('n1')).to.equal('all');
    expect(world.rules.unused).to.equal('ThirdPartyInstaller');
  });

  it("of runtime-class-manager's kind count beside ours", () => {
    const fetchStrategy = { platforms: [{ arch: 'amd64', location: 'https://example.com/x', sha256: 'a'.repeat(64) }] };
    const runtimeClass = { name: 'wasmtime-spin-v2', handler: 'spin-v2' };
    world.spinkubeShims.put({ metadata: { name: 'spin-v2', uid: 'u' }, spec: { fetchStrategy, runtimeClass } });
    expect(onNode('n1')).to.equal('spin-v2,wasmtime');
  });
});
