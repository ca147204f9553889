import { expect } from 'chai';
import { ABSENT, asState } from './change.ts';
import { file, ROOT, sampleConfig } from './sample-facts.ts';
import { shadowOf } from './shadow.ts';

const DIRECTORY = '/var/lib/kwasm/txn/1/shadow';

describe('shadowOf', () => {
  it('is the whole configuration with the change, each import spelled out as a copy, in the same order', () => {
    const config = sampleConfig('version = 3\nimports = ["/etc/a.toml", "/etc/containerd/conf.d/*.toml"]\n', {
      imported: [
        file('/etc/a.toml', 'imports = ["/etc/nested.toml"]\n'),
        file('/etc/containerd/conf.d/z.toml', 'z = 1\n'),
        file('/etc/nested.toml', 'n = 1\n'),
      ],
    });
    const change = { path: '/etc/containerd/conf.d/kwasm.toml', before: ABSENT, after: asState('ours = 1\n') };
    const shadow = shadowOf(config, [change], DIRECTORY);
    expect(Object.fromEntries(shadow.map(({ path, text }) => [path.slice(DIRECTORY.length), text]))).to.deep.equal({
      '/0.conf': `version = 3\nimports = ["${DIRECTORY}/1.conf", "${DIRECTORY}/2.conf", "${DIRECTORY}/3.conf"]\n`,
      '/1.conf': `imports = ["${DIRECTORY}/4.conf"]\n`,
      '/2.conf': 'ours = 1\n',
      '/3.conf': 'z = 1\n',
      '/4.conf': 'n = 1\n',
    });
  });

  it('leaves out a file that the change removes, and ends where files import each other', () => {
    const config = sampleConfig('imports = ["/etc/a.toml", "/etc/b.toml"]\n', {
      imported: [
        file('/etc/a.toml', 'imports = ["/etc/b.toml"]\n'),
        file('/etc/b.toml', 'imports = ["/etc/a.toml"]\n'),
      ],
    });
    const gone = { path: '/etc/b.toml', before: asState('imports = ["/etc/a.toml"]\n'), after: ABSENT };
    expect(shadowOf(config, [], DIRECTORY)).to.have.length(3);
    expect(shadowOf(config, [gone], DIRECTORY).map(({ text }) => text)).to.deep.equal([
      `imports = ["${DIRECTORY}/1.conf"]\n`,
      'imports = []\n',
    ]);
  });

  it('of a root that is removed is empty', () => {
    const change = { path: ROOT, before: asState('version = 3\n'), after: ABSENT };
    expect(shadowOf(sampleConfig('version = 3\n'), [change], DIRECTORY).map(({ text }) => text)).to.deep.equal(['']);
  });
});
