import { expect } from 'chai';
import { linkedCrates, type Metadata } from './crates.ts';

const LOCK = ['app', 'used', 'deep', 'tool']
  .map(
    (name) =>
      `[[package]]\nname = "${name}"\nversion = "1.0.0"\n${name === 'app' ? '' : `checksum = "${'a1'.repeat(32)}"\n`}`,
  )
  .join('\n');

describe('crates of a program', () => {
  const crate = (name: string, license: string | null = 'MIT/Apache-2.0') => {
    const source = name === 'app' ? null : 'registry+https://github.com/rust-lang/crates.io-index';
    return { id: name, name, version: '1.0.0', license, source, manifest_path: `/crates/${name}/Cargo.toml` };
  };
  const dep = (pkg: string, ...kinds: (string | null)[]) => ({ pkg, dep_kinds: kinds.map((kind) => ({ kind })) });
  const metadata = (packages = ['app', 'used', 'deep', 'tool'].map((name) => crate(name))): Metadata => {
    const nodes = [
      { id: 'app', deps: [dep('used', null, 'build'), dep('tool', 'build', 'dev')] },
      { id: 'used', deps: [dep('deep', null)] },
      { id: 'deep', deps: [dep('used', null)] },
      { id: 'tool', deps: [] },
    ];
    return { packages, resolve: { root: 'app', nodes } };
  };

  it('are those that it links, with their checksums, and neither its tools nor itself', () => {
    const found = linkedCrates(metadata(), LOCK);
    expect(found.map(({ part }) => part.name)).to.deep.equal(['used', 'deep']);
    expect(found[0]).to.deep.equal({
      dir: '/crates/used',
      part: {
        kind: 'cargo',
        name: 'used',
        version: '1.0.0',
        licence: { kind: 'expression', expression: 'MIT OR Apache-2.0' },
        sha256: 'a1'.repeat(32),
      },
    });
  });

  it('must be in the lock file', () => {
    expect(() => linkedCrates(metadata([crate('app'), crate('used'), crate('deep')]), '')).to.throw(
      'no checksum of used',
    );
  });
});
