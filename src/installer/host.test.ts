import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { openHost } from './host.ts';

describe('a path of the host', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'kwasm-host-'));
    mkdirSync(join(root, 'data/containerd'), { recursive: true });
    mkdirSync(join(root, 'etc'));
    symlinkSync('/data/containerd', join(root, 'etc/containerd'));
    symlinkSync('../run', join(root, 'data/run'));
    symlinkSync('/etc/loop', join(root, 'etc/loop'));
    symlinkSync('../../../../../../../etc/passwd', join(root, 'etc/outside'));
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  for (const [name, path, resolved] of [
    ['without links', '/etc/x/y', '/etc/x/y'],
    [
      'with an absolute link: below the host, not in our container',
      '/etc/containerd/config.toml',
      '/data/containerd/config.toml',
    ],
    ['with a relative link', '/data/run/a.sock', '/run/a.sock'],
    ['with a link that climbs out', '/etc/outside', '/etc/passwd'],
    ['with dots', '/etc/../data/./containerd', '/data/containerd'],
  ] as const) {
    it(name, () => {
      expect(openHost(root).resolve(path)).to.equal(resolved);
      expect(openHost(root).at(path)).to.equal(join(root, resolved));
    });
  }

  it('that runs in a circle is an error', () => {
    expect(() => openHost(root).resolve('/etc/loop')).to.throw(/too many symbolic links/);
  });
});
