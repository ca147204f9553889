import { expect } from 'chai';
import { baseKeys, isLeftOut } from './base.ts';

describe('base image', () => {
  const cases = [
    { path: 'usr/bin/nsenter', leftOut: false },
    { path: 'usr/lib/x86_64-linux-gnu/libstdc++.so.6', leftOut: false },
    { path: 'usr/share/doc/libc6/copyright', leftOut: false },
    { path: 'usr/share/doc/libc6/changelog.gz', leftOut: true },
    { path: 'usr/share/locale', leftOut: true },
    { path: 'usr/share/locale/de/LC_MESSAGES/coreutils.mo', leftOut: true },
    { path: 'var/lib/dpkg/status.d/libc6', leftOut: false },
    { path: 'var/lib/apt/lists/x', leftOut: true },
    { path: 'etc/hostname', leftOut: true },
    { path: 'etc/resolv.conf', leftOut: true },
    { path: 'dev/null', leftOut: true },
    { path: 'dev', leftOut: false },
  ];
  for (const { path, leftOut } of cases) {
    it(`${leftOut ? 'leaves out' : 'keeps'} ${path}`, () => expect(isLeftOut(path)).to.equal(leftOut));
  }

  it("makes Node's layer anew for another Node, and Debian's not", () => {
    const inputs = { architecture: 'amd64', nodeVersion: '24.0.0', node: import.meta.filename } as const;
    const [one, other] = [baseKeys(inputs), baseKeys({ ...inputs, nodeVersion: '24.0.1' })];
    expect(one.debian).to.equal(other.debian);
    expect(one.node).to.not.equal(other.node);
    expect(baseKeys({ ...inputs, architecture: 'arm64' }).debian).to.not.equal(one.debian);
  });
});
