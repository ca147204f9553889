import { expect } from 'chai';
import { dropInPlace } from './drop-in.ts';
import { componentMatcher } from './glob.ts';
import { file, sampleConfig } from './sample-facts.ts';

describe('componentMatcher', () => {
  for (const [pattern, name, matches] of [
    ['*.toml', 'a.toml', true],
    ['*.toml', '.kwasm-1-0.before', false],
    ['*.toml', '.hidden.toml', true],
    ['*.toml', 'a.toml.bak', false],
    ['[0-9]*.toml', '10-x.toml', true],
    ['[0-9]*.toml', 'x.toml', false],
    ['?.toml', 'ab.toml', false],
    ['a+b(c).toml', 'a+b(c).toml', true],
    ['*', 'anything', true],
  ] as const) {
    it(`${pattern} ${matches ? 'matches' : 'does not match'} ${name}`, () =>
      expect(componentMatcher(pattern)(name)).to.equal(matches));
  }
});

describe('dropInPlace', () => {
  const place = (globs: readonly string[], dropIns: readonly string[] = []) =>
    dropInPlace(sampleConfig('', { globs, dropIns: dropIns.map((path) => file(path, '# Written by kwasm\n')) }));
  const OWN = '/etc/containerd/kwasm.d/kwasm.toml';

  for (const [name, globs, dropIns, path, needsImport] of [
    ['the first directory read by a pattern', ['/a/*.toml', '/b/*.toml'], [], '/a/kwasm.toml', false],
    ['where it is already', ['/a/*.toml', '/b/*.toml'], ['/b/kwasm.toml'], '/b/kwasm.toml', false],
    ['our own, when the pattern does not match its name', ['/a/[0-9]*.toml'], [], OWN, true],
    ['our own, when the pattern would also read temporary files', ['/a/*'], [], OWN, true],
    ['our own, when directories are patterns', ['/a/*/x/*.toml'], [], OWN, true],
    ['our own, imported already', ['/etc/containerd/kwasm.d/*.toml'], [], OWN, false],
  ] as const) {
    it(name, () => expect(place(globs, dropIns)).to.deep.equal({ path, needsImport }));
  }
});
