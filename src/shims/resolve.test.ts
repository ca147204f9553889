import { expect } from 'chai';
import { Terminal } from '../errors.ts';
import { CATALOGUE, type Entry } from './catalogue.ts';
import { resolveShim } from './resolve.ts';

const spin: Entry = {
  version: '0.25.1',
  handler: 'spin',
  binary: 'containerd-shim-spin-v2',
  sources: [{ arch: 'amd64', https: { url: 'https://example.com/spin.tar.gz', sha256: 'a'.repeat(64) } }],
  runtimeClasses: [{ name: 'wasmtime-spin-v2' }],
};

describe('a shim that the values name', () => {
  it('is the catalogue’s, by name alone', () => {
    const { name, spec } = resolveShim('spin', { spin });
    expect(name).to.equal('spin');
    expect(spec).to.deep.include(spin);
  });

  it('may differ from it, field by field', () => {
    const sources = [{ arch: 'amd64', bundled: {} }];
    const { spec } = resolveShim({ name: 'spin', sources, nodeSelector: { pool: 'a' } }, { spin });
    expect(spec).to.deep.include({ version: '0.25.1', sources, nodeSelector: { pool: 'a' } });
  });

  it('may be one of which the catalogue knows nothing', () => {
    expect(resolveShim({ name: 'own', ...spin, handler: 'own' }, {}).spec.handler).to.equal('own');
  });

  for (const [what, given, says] of [
    ['by a name that is not in it', 'spun', /the catalogue has no spun; it has: spin/],
    ['with half a definition', { name: 'own', handler: 'own' }, /own: .*sources/],
    ['with a field that is no Shim’s', { name: 'spin', colour: 'red' }, /colour/],
    ['without a digest', { name: 'spin', sources: [{ arch: 'amd64', https: { url: 'https://a.b/c' } }] }, /sha256/],
  ] as const) {
    it(`is refused ${what}`, () => expect(() => resolveShim(given, { spin })).to.throw(Terminal, says));
  }

  it('of the catalogue at another version is that version, or nothing', () => {
    const older = [
      { arch: 'amd64' as const, https: { url: 'https://example.com/old.tar.gz', sha256: 'b'.repeat(64) } },
    ];
    const two = { spin: { ...spin, versions: { '0.24.0': older } } };
    expect(resolveShim({ name: 'spin', version: '0.24.0' }, two).spec.sources).to.deep.equal(older);
    expect(() => resolveShim({ name: 'spin', version: '0.26.0' }, two)).to.throw(
      Terminal,
      /spin 0\.26\.0: the catalogue has no digest of it \(of 0\.24\.0 it has\)\. Pin it yourself/,
    );
  });

  it('every entry of our own catalogue is whole, or says how to pin it', () => {
    for (const [name, { sources }] of Object.entries(CATALOGUE)) {
      if (sources === undefined)
        expect(() => resolveShim(name)).to.throw(Terminal, /has no digest of it.* Pin it yourself/);
      else expect(resolveShim(name).spec.sources).not.to.be.empty;
    }
  });

  it('of an ended project is taken with a digest of your own', () => {
    const sources = [{ arch: 'amd64', https: { url: 'https://example.com/slight.tar.gz', sha256: 'c'.repeat(64) } }];
    const { spec } = resolveShim({ name: 'slight', sources });
    expect(spec).to.deep.include({
      handler: 'slight',
      binary: 'containerd-shim-slight-v1',
      version: '0.11.1',
      sources,
    });
    expect(spec.runtimeClasses.map(({ name }) => name)).to.deep.equal(['slight', 'wasmtime-slight']);
  });
});
