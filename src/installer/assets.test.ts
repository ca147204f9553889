import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { readAssets } from './assets.ts';
import { Failure } from './failure.ts';
import { limitsFor, readLimits } from './limits.ts';
import { wasmtime } from './plan/sample-facts.ts';

describe('readAssets', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'kwasm-assets-'));
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));
  const write = (data: unknown) => writeFileSync(join(root, 'shims.json'), JSON.stringify(data));

  it('reads what the image carries', () => {
    write([wasmtime, { ...wasmtime, arch: 'arm64' }]);
    expect(readAssets(root)).to.have.length(2);
  });

  for (const [name, data, says] of [
    ['a handler twice', [wasmtime, wasmtime], /wasmtime for amd64 twice/],
    ['a handler that is no name', [{ ...wasmtime, handler: 'a"]\n[x' }], /handler/],
    ['a path that climbs out', [{ ...wasmtime, file: '../../etc/shadow' }], /file/],
    ['a short hash', [{ ...wasmtime, sha256: 'abc' }], /sha256/],
  ] as const) {
    it(`refuses ${name}`, () => {
      write(data);
      expect(() => readAssets(root)).to.throw(Failure, says);
    });
  }

  it('says where the list should be', () => {
    expect(() => readAssets(root)).to.throw(Failure, /shims\.json cannot be read/);
  });
});

describe('readLimits', () => {
  it("takes seconds from the environment; what is not given is the distribution's own", () => {
    const k3s = { switchSeconds: 480, verifySeconds: 300 };
    expect(limitsFor(readLimits({}), k3s)).to.deep.equal({
      switchSeconds: 480,
      verifyMs: 300_000,
      restoreMs: 300_000,
      settleMs: 10_000,
      quietMs: 60_000,
    });
    const given = readLimits({ KWASM_SWITCH_SECONDS: '20', KWASM_VERIFY_SECONDS: '' });
    expect(limitsFor(given, k3s)).to.include({ switchSeconds: 20, verifyMs: 300_000 });
  });
  it('names a value that is none', () => {
    expect(() => readLimits({ KWASM_SWITCH_SECONDS: '5m' })).to.throw(/KWASM_SWITCH_SECONDS is "5m"/);
  });
});
