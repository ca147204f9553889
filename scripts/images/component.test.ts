import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WASI } from 'node:wasi';
import { expect } from 'chai';
import { wasmNames } from '../../src/oci/wasm-names.ts';
import { assembledModule, textComponent } from './component.ts';

interface Engine {
  readonly RuntimeError: new () => Error;
  instantiate(
    bytes: Uint8Array,
    imports: object,
  ): Promise<{ readonly instance: { readonly exports: Readonly<Record<string, () => void>> } }>;
}
/** The types of the web's own API come with those of its documents, which nothing here should see. */
const { WebAssembly: engine } = globalThis as unknown as { readonly WebAssembly: Engine };

describe('the canary module', () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'canary-'));
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  const source = join(import.meta.dirname, '../../installer-image/canary.wat');
  const module = async () => new Uint8Array(await assembledModule(source));

  it('writes its line and ends with 0', async () => {
    const file = join(dir, 'stdout');
    const wasi = new WASI({ version: 'preview1', stdout: openSync(file, 'w'), returnOnExit: true });
    const { instance } = await engine.instantiate(await module(), wasi.getImportObject());
    expect(wasi.start(instance)).to.equal(0);
    expect(readFileSync(file, 'utf8')).to.equal('canary: this node runs WebAssembly\n');
    expect((await module()).length).to.be.lessThan(1000);
  });

  it('traps where its line is not taken', async () => {
    const { instance } = await engine.instantiate(await module(), {
      wasi_snapshot_preview1: { fd_write: () => 8 },
    });
    expect(() => instance.exports['_start']?.()).to.throw(engine.RuntimeError);
  });
});

describe('a component of text', () => {
  it('is an HTTP handler without an engine in it, and another with other globals', async () => {
    const source = join(import.meta.dirname, '../../e2e/fixtures/small');
    const [one, other] = [await textComponent(source), await textComponent(source, { rounds: 1, pages: 1 })];
    expect(wasmNames(one, 'one').kind).to.equal('component');
    expect(one.length).to.be.lessThan(20_000);
    expect(one.equals(other)).to.equal(false);
  });
});
