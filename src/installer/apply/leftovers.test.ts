import { createHash } from 'node:crypto';
import { existsSync, lstatSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { openHost } from '../host.ts';
import type { ContainerdFacts } from '../plan/facts.ts';
import { sampleConfig, sampleFacts } from '../plan/sample-facts.ts';
import { removeLeftovers } from './leftovers.ts';

/** On a tree of its own: what is found there, and that only that is touched. */
describe('removing leftovers', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'kwasm-leftovers-'));
    for (const directory of ['proc', 'usr/bin', 'usr/lib', 'usr/local/bin'])
      mkdirSync(join(root, directory), { recursive: true });
    symlinkSync('usr/bin', join(root, 'bin'));
    symlinkSync('usr/lib', join(root, 'lib'));
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  function put(path: string, text = 'x'): void {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  const there = (path: string) => lstatSync(join(root, path), { throwIfNoEntry: false }) !== undefined;
  const remove = (config = '') => {
    const { runtime } = sampleFacts('1.7.35', sampleConfig(config));
    return removeLeftovers(openHost(root, join(root, 'proc')), runtime as ContainerdFacts);
  };

  it("leaves nothing of KWasm's, dangling links included, and no directory of theirs", () => {
    put('/opt/kwasm/active', '');
    put('/opt/kwasm/bin/containerd-shim-spin-v2');
    put('/opt/kwasm/lib/libwasmedge.so');
    for (let n = 0; n < 1200; n += 1) put(`/usr/bin/a-program-${n}`);
    symlinkSync('/opt/kwasm/bin/containerd-shim-spin-v2', join(root, 'usr/local/bin/containerd-shim-spin-v2'));
    symlinkSync('/opt/kwasm/bin/containerd-shim-wws-v1', join(root, 'bin/containerd-shim-wws-v1'));
    symlinkSync('/opt/kwasm/lib/libwasmedge.so', join(root, 'lib/libwasmedge.so.0'));
    const { remove: removed, keep } = remove();
    expect(keep).to.deep.equal([]);
    expect(removed).to.have.length(6);
    for (const path of ['/opt/kwasm', '/usr/local/bin/containerd-shim-spin-v2', '/usr/bin/containerd-shim-wws-v1'])
      expect(there(path), path).to.equal(false);
    expect(there('/usr/lib/libwasmedge.so.0')).to.equal(false);
    expect(existsSync(join(root, 'usr/local/bin'))).to.equal(true);
  });

  it('stay while a process runs from them, also where /opt is a link, as on ostree', () => {
    mkdirSync(join(root, 'var/opt'), { recursive: true });
    symlinkSync('var/opt', join(root, 'opt'));
    put('/opt/kwasm/bin/containerd-shim-spin-v2');
    mkdirSync(join(root, 'proc/77'));
    symlinkSync('/var/opt/kwasm/bin/containerd-shim-spin-v2', join(root, 'proc/77/exe'));
    expect(remove()).to.deep.include({
      keep: [{ path: '/opt/kwasm/bin/containerd-shim-spin-v2', why: 'a process runs from it' }],
    });
    expect(there('/opt/kwasm/bin/containerd-shim-spin-v2')).to.equal(true);
  });

  it('touches neither our own shims nor what it does not know', () => {
    put('/opt/kwasm/shims/wasmtime/0123456789abcdef/containerd-shim-wasmtime-v1');
    put('/opt/kwasm/bin/mine');
    put('/usr/local/bin/containerd-shim-spin-v2');
    expect(remove()).to.deep.equal({ remove: [], keep: [{ path: '/opt/kwasm/bin/mine', why: 'is not known' }] });
    expect(there('/opt/kwasm/shims/wasmtime/0123456789abcdef/containerd-shim-wasmtime-v1')).to.equal(true);
  });

  it("takes runtime-class-manager's shims by its list, whose digests are hex or base64", () => {
    const digest = createHash('sha256').update('shim');
    const sha = digest.digest();
    const [a, b] = ['/opt/rcm/bin/containerd-shim-spin-v2', '/opt/rcm/bin/containerd-shim-wasmtime-v1'];
    put(a, 'shim');
    put(b, 'shim');
    const shims = {
      'spin-v2': { sha256: sha.toString('hex'), path: a },
      x: { sha256: sha.toString('base64'), path: b },
    };
    put('/opt/rcm/rcm-lock.json', JSON.stringify({ shims }));
    expect(remove(`# ${b}\n`).keep.map(({ path }) => path)).to.deep.equal(['/opt/rcm/rcm-lock.json', b]);
    expect(remove().keep).to.deep.equal([]);
    expect(there('/opt/rcm')).to.equal(false);
  });
});
