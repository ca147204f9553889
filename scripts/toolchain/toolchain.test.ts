import { expect } from 'chai';
import { judgeCargo } from './cargo.ts';
import { mirrorOf } from './debootstrap.ts';
import { judgeGo } from './go.ts';
import { isDebian } from './packages.ts';
import { inRoot } from './rootfs.ts';

describe('toolchains', () => {
  const go = [
    { name: 'none', program: undefined, why: 'Go is not installed' },
    { name: "Debian 12's", program: { path: 'go', version: '1.19.8' }, why: 'too old' },
  ];
  for (const { name, program, why } of go) {
    it(`Go: ${name} will not do`, () => {
      const found = judgeGo(program, { version: '1.26.8' });
      expect(found.kind === 'unfit' ? found.why : found.toolchain.description).to.contain(why);
    });
  }

  it('Go: one from 1.21 on is told to fetch what it lacks, a newer one is not', () => {
    const env = (version: string) => {
      const found = judgeGo({ path: '/usr/bin/go', version }, { version: '1.26.8' });
      return found.kind === 'found' ? found.toolchain.command(['build'], { cwd: '/', env: { A: '1' } }).env : undefined;
    };
    expect(env('1.24.4')).to.deep.equal({ A: '1', GOTOOLCHAIN: 'auto' });
    expect(env('1.26.8')).to.deep.equal({ A: '1' });
    expect(env('1.27rc1')).to.deep.equal({ A: '1' });
  });

  it('Rust: old ones will not do, others run as they are', () => {
    expect(judgeCargo({ path: 'cargo', version: '1.65.0' }, { version: '1.91' }).kind).to.equal('unfit');
    const found = judgeCargo({ path: 'cargo', version: '1.95.0' }, { version: '1.91' });
    expect(found.kind === 'found' ? found.toolchain.command(['build'], { cwd: '/x' }) : found).to.deep.equal({
      file: 'cargo',
      args: ['build'],
      cwd: '/x',
      env: {},
    });
  });

  it('Rust: one outside PATH finds its own rustc', () => {
    const found = judgeCargo({ path: '/home/u/.cargo/bin/cargo', version: '1.95.0' }, { version: '1.91' });
    const env = found.kind === 'found' ? found.toolchain.command([], { cwd: '/' }).env : {};
    expect(env['PATH']).to.match(/^\/home\/u\/\.cargo\/bin:/);
  });

  it("the mirror is that of this system's apt, and never the security archive", () => {
    const lines = 'Debian-Security|http://deb.debian.org/debian-security/\nDebian|http://mirror.example/debian/\n';
    expect(mirrorOf(lines)).to.equal('http://mirror.example/debian');
    expect(mirrorOf('Ubuntu|http://archive.ubuntu.com/ubuntu/\n')).to.equal(undefined);
  });

  it('knows Debian and its children', () => {
    expect(isDebian('NAME=x\nID=debian\n')).to.equal(true);
    expect(isDebian('ID=linuxmint\nID_LIKE="ubuntu debian"\n')).to.equal(true);
    expect(isDebian('ID=fedora\n')).to.equal(false);
  });

  it('a root file system sees the same paths', () => {
    const { file, args, env } = inRoot('/root-fs', ['cargo', 'build'], { cwd: '/src', writable: ['/out'] }, '/tmp');
    expect(file).to.equal('unshare');
    expect(args.slice(-8)).to.deep.equal(['/root-fs', '/src', '/src', '/tmp', '/out', '--', 'cargo', 'build']);
    expect(env['HOME']).to.equal('/tmp');
  });
});
