import { expect } from 'chai';
import { Terminal } from '../errors.ts';
import { CATALOGUE } from './catalogue.ts';
import { resolveShim } from './resolve.ts';

const spin = {
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

  it('every entry of our own catalogue is whole', () => {
    for (const name of Object.keys(CATALOGUE)) expect(resolveShim(name).spec.sources).not.to.be.empty;
  });
});
