import { expect } from 'chai';
import { parseOrders } from './order.ts';
import { orderOf, shimSpecSchema } from './spec.ts';

const sha256 = 'b'.repeat(64);
const https = { url: 'https://example.com/spin.tar.gz', sha256, member: 'spin' };
const image = { reference: `registry.example.com/x@sha256:${sha256}`, path: 'spin', pullSecrets: [{ name: 's' }] };
const base = {
  handler: 'spin',
  binary: 'containerd-shim-spin-v2',
  version: '0.25.1',
  sources: [{ arch: 'amd64', bundled: {} }],
};

describe('the spec of a Shim', () => {
  it('becomes an order that the installer takes, whatever its source', () => {
    for (const [one, kind] of [
      [{ bundled: {} }, 'bundled'],
      [{ https }, 'https'],
      [{ image }, 'image'],
    ] as const) {
      const spec = shimSpecSchema.parse({ ...base, sources: [{ arch: 'arm64', ...one }] });
      const [order] = parseOrders(JSON.stringify([orderOf({ name: 'spin', spec })]));
      expect(order?.platforms[0]).to.deep.include({ arch: 'arm64' });
      expect(order?.platforms[0]?.source.kind).to.equal(kind);
      expect(JSON.stringify(order)).not.to.contain('pullSecrets');
    }
  });

  it('needs no more than handler, binary, version and a source', () => {
    expect(shimSpecSchema.parse(base)).to.deep.equal({
      ...base,
      options: {},
      nodeSelector: {},
      runtimeClasses: [],
      rollout: {},
    });
  });

  const bad = [
    { name: 'no source', change: { sources: [] }, says: 'sources' },
    { name: 'a source of no kind', change: { sources: [{ arch: 'amd64' }] }, says: 'one of bundled, https and image' },
    { name: 'one of two kinds', change: { sources: [{ arch: 'amd64', bundled: {}, https }] }, says: 'one of bundled' },
    { name: 'a pool of nobody', change: { rollout: { maxUnavailable: 'many' } }, says: 'rollout' },
    { name: 'a class with a capital', change: { runtimeClasses: [{ name: 'Spin' }] }, says: 'name of a RuntimeClass' },
    { name: 'what it does not know', change: { colour: 'red' }, says: 'colour' },
  ];
  for (const { name, change, says } of bad) {
    it(`is refused: ${name}`, () => {
      expect(() => shimSpecSchema.parse({ ...base, ...change })).to.throw(says);
    });
  }
});
