import { expect } from 'chai';
import { builderFor, deployerFor } from './compatibility.ts';
import { FuncError, type FuncErrorKind } from './func-error.ts';
import { builtRuntime } from './runtimes.ts';

describe('which builder and deployer go with which runtime', () => {
  const refused = (act: () => unknown): readonly [FuncErrorKind, string] => {
    try {
      act();
    } catch (error) {
      if (error instanceof FuncError) return [error.kind, error.message];
    }
    throw new Error('it was not refused');
  };

  for (const runtime of ['ts-wasi', 'js-wasi', 'go-wasi', 'rust-wasi', 'python-wasi', 'swift-wasi']) {
    it(`${runtime}: wasm, which nobody has to name`, () => {
      expect(builderFor(runtime)).to.deep.equal({ value: 'wasm', by: 'inferred' });
      expect(deployerFor(runtime)).to.deep.equal({ value: 'wasm', by: 'inferred' });
    });
  }

  it('tells a flag from a file, and a flag wins', () => {
    expect(builderFor('rust-wasi', { flag: 'wasm', file: 'pack' })).to.deep.equal({ value: 'wasm', by: 'flag' });
    expect(builderFor('rust-wasi', { file: 'wasm' })).to.deep.equal({ value: 'wasm', by: 'file' });
    expect(builderFor('go', { flag: 'pack' })).to.deep.equal({ value: 'pack', by: 'flag' });
  });

  for (const builder of ['pack', 's2i', 'host'] as const) {
    it(`refuses builder ${builder} for a WASI runtime, in func's words`, () => {
      expect(refused(() => builderFor('rust-wasi', { file: builder }))).to.deep.equal([
        'combination',
        `builder "${builder}" is not compatible with runtime "rust-wasi". Valid builders for this runtime are: wasm`,
      ]);
    });
  }
  for (const deployer of ['knative', 'raw', 'keda'] as const) {
    it(`refuses deployer ${deployer} for a WASI runtime`, () => {
      expect(refused(() => deployerFor('go-wasi', { flag: deployer }))).to.deep.equal([
        'combination',
        `deployer "${deployer}" is not compatible with runtime "go-wasi". Valid deployers for this runtime are: wasm`,
      ]);
    });
  }
  it('refuses wasm for what becomes a container', () => {
    expect(refused(() => builderFor('go', { flag: 'wasm' }))).to.deep.equal([
      'combination',
      'builder "wasm" is not compatible with runtime "go". Valid builders for this runtime are: pack, s2i, and host',
    ]);
    expect(refused(() => deployerFor('node', { flag: 'wasm' }))[0]).to.equal('combination');
  });
  it('tells a runtime that is known and has no builder from one that is no WASI runtime', () => {
    for (const runtime of ['python-wasi', 'c-wasi', 'cpp-wasi', 'dotnet-wasi', 'swift-wasi'])
      expect(refused(() => builtRuntime(runtime))).to.deep.equal([
        'notImplemented',
        `WASM builder: runtime "${runtime}": not yet implemented`,
      ]);
    for (const runtime of ['go', 'node', 'python', 'rust', 'unknown-wasi', ''])
      expect(refused(() => builtRuntime(runtime))[0]).to.equal('notWasi');
  });
});
