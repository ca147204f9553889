import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { BuiltShim } from '../shim/build.ts';
import { shimsJson, writeAssets } from './shims.ts';

const shim: BuiltShim = {
  handler: 'wasmtime',
  binary: 'containerd-shim-wasmtime-v1',
  version: '1.0.0',
  arch: 'amd64',
  sha256: 'ab'.repeat(32),
  path: '/nowhere',
};

describe('assets of the installer image', () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'kwasm-assets-'));
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  it('says what each binary is, and nothing of where it was built', () => {
    expect(JSON.parse(shimsJson([shim]))).to.deep.equal([
      {
        handler: 'wasmtime',
        binary: 'containerd-shim-wasmtime-v1',
        version: '1.0.0',
        arch: 'amd64',
        sha256: 'ab'.repeat(32),
        file: 'containerd-shim-wasmtime-v1',
      },
    ]);
  });

  it('refuses two shims of one name', () => {
    expect(() => shimsJson([shim, { ...shim, handler: 'other' }])).to.throw('containerd-shim-wasmtime-v1');
  });

  it('holds the binaries, and no longer those of an earlier run', () => {
    writeFileSync(join(dir, 'built'), 'binary');
    const assets = join(dir, 'assets');
    writeAssets(assets, [{ ...shim, binary: 'containerd-shim-old-v1', path: join(dir, 'built') }]);
    writeAssets(assets, [{ ...shim, path: join(dir, 'built') }]);
    expect(readdirSync(assets)).to.have.members(['containerd-shim-wasmtime-v1', 'shims.json']);
    expect(readFileSync(join(assets, shim.binary), 'utf8')).to.equal('binary');
  });
});
