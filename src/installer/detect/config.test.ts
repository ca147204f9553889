import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { openHost } from '../host.ts';
import { Refusal } from '../refusal.ts';
import { readConfig } from './config.ts';

const ROOT = '/etc/containerd/config.toml';

describe('readConfig', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'kwasm-config-'));
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));
  const write = (path: string, text: string | Buffer): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  const read = () => readConfig(openHost(root), ROOT);

  it("follows imports in containerd's order: the root's as listed, patterns sorted, then theirs; each file once", () => {
    write(ROOT, 'imports = ["/etc/last.toml", "conf.d/*.toml", "/etc/containerd/conf.d/b.toml"]\n');
    write('/etc/last.toml', 'imports = ["nested.toml"]\n');
    write('/etc/nested.toml', 'imports = ["/etc/last.toml"]\n');
    for (const name of ['b.toml', 'a.toml', '.hidden.toml', 'a.txt']) write(`/etc/containerd/conf.d/${name}`, '');
    const config = read();
    expect(config.imported.map(({ path }) => path)).to.deep.equal([
      '/etc/last.toml',
      '/etc/containerd/conf.d/.hidden.toml',
      '/etc/containerd/conf.d/a.toml',
      '/etc/containerd/conf.d/b.toml',
      '/etc/nested.toml',
    ]);
    expect(config.globs).to.deep.equal(['/etc/containerd/conf.d/*.toml']);
    expect(config.missing).to.deep.equal([]);
  });

  it('looks for relative imports beside the name that containerd is given, also where that is a link', () => {
    write('/data/config.toml', 'imports = ["conf.d/*.toml", "extra.toml"]\n');
    write('/etc/containerd/conf.d/a.toml', '');
    write('/etc/containerd/extra.toml', '');
    symlinkSync('/data/config.toml', join(root, ROOT));
    const config = read();
    expect(config.missing).to.deep.equal([]);
    expect(config.globs).to.deep.equal(['/etc/containerd/conf.d/*.toml']);
    expect(config.imported.map(({ path }) => path)).to.deep.equal([
      '/etc/containerd/conf.d/a.toml',
      '/etc/containerd/extra.toml',
    ]);
  });

  it('expands a pattern in the middle of a path', () => {
    write(ROOT, 'imports = ["/etc/containerd/*/x.toml"]\n');
    write('/etc/containerd/b/x.toml', '');
    write('/etc/containerd/a/x.toml', '');
    write('/etc/containerd/a/y.toml', '');
    expect(read().imported.map(({ path }) => path)).to.deep.equal([
      '/etc/containerd/a/x.toml',
      '/etc/containerd/b/x.toml',
    ]);
  });

  it('names a plain import that does not exist', () => {
    write(ROOT, 'imports = ["/etc/gone.toml", "/etc/none/*.toml"]\n');
    expect(read().missing).to.deep.equal(['/etc/gone.toml']);
  });

  it('without a root file there is nothing but the directories that we would have to make', () => {
    const config = read();
    expect(config.root).to.deep.equal({ kind: 'absent', path: ROOT });
    expect(config.missingDirectories).to.deep.equal(['/etc', '/etc/containerd', '/etc/containerd/kwasm.d']);
  });

  it('finds our drop-in also where no import names it any more', () => {
    write(ROOT, 'version = 3\n');
    write('/etc/containerd/kwasm.d/kwasm.toml', '# Written by kwasm\n');
    expect(read().dropIns.map(({ path }) => path)).to.deep.equal(['/etc/containerd/kwasm.d/kwasm.toml']);
  });

  it('refuses bytes that are no text, rather than to change them', () => {
    write(ROOT, Buffer.from([0x61, 0xff, 0xfe]));
    expect(read).to.throw(Refusal, /config\.toml is not UTF-8/);
  });

  it('refuses what is no file, by its path, and what is too large to be a configuration', () => {
    write(ROOT, 'imports = ["/etc/containerd/conf.d/*"]\n');
    mkdirSync(join(root, 'etc/containerd/conf.d/old'), { recursive: true });
    expect(read).to.throw(Refusal, /conf\.d\/old is no regular file/);
    write(ROOT, `# ${'x'.repeat(4 * 1024 * 1024)}\n`);
    expect(read).to.throw(Refusal, /config\.toml is larger than 4 MiB/);
  });
});
