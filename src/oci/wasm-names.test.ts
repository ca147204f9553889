import { execFileSync } from 'node:child_process';
import { expect } from 'chai';
import fc from 'fast-check';
import { Terminal } from '../errors.ts';
import { isWasm, wasmNames } from './wasm-names.ts';

const text = (name: string) => [name.length, ...Buffer.from(name)];
const section = (id: number, ...body: readonly number[]) => [id, body.length, ...body];
const core = (...sections: readonly (readonly number[])[]) =>
  Buffer.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...sections.flat()]);
const component = (...sections: readonly (readonly number[])[]) =>
  Buffer.from([0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0, ...sections.flat()]);

describe('names in a Wasm binary', () => {
  it('core: the modules that imports come from, whatever is imported', () => {
    const imports = [
      ...[...text('a'), ...text('f'), 0, 3],
      ...[...text('b'), ...text('t'), 1, 0x70, 1, 1, 0x80, 0x01],
      ...[...text('a'), ...text('m'), 2, 0, 17],
      ...[...text('c'), ...text('g'), 3, 0x7f, 1],
      ...[...text('d'), ...text('e'), 4, 0, 2],
    ];
    const names = wasmNames(core(section(0, ...text('note'), 9), section(2, 5, ...imports)), 'f');
    expect(names).to.deep.equal({ kind: 'core', importModules: ['a', 'b', 'c', 'd'] });
  });

  it('core: the engine sees the same', () => {
    const wasm = core(
      section(1, 1, 0x60, 0, 0),
      section(2, 2, ...text('x'), ...text('f'), 0, 0, ...text('y'), ...text('m'), 2, 0, 1),
    );
    const script = `const module = new WebAssembly.Module(Buffer.from('${wasm.toString('hex')}', 'hex'));
      console.log(JSON.stringify(WebAssembly.Module.imports(module).map((one) => one.module)))`;
    const importModules = JSON.parse(execFileSync(process.execPath, ['-e', script], { encoding: 'utf8' }));
    expect(wasmNames(wasm, 'f')).to.deep.equal({ kind: 'core', importModules });
  });

  it('component: imports and exports of every sort', () => {
    const imports = [
      ...[0, ...text('wasi:io/poll@0.2.0'), 5, 0],
      ...[1, ...text('f'), 1, 2],
      ...[0, ...text('t'), 3, 0, 1],
      ...[0, ...text('r'), 3, 1],
      ...[2, ...text('v'), ...text('0.2.1'), 4, 0],
      ...[0, ...text('m'), 0, 0x11, 3],
    ];
    const exports = [...[0, ...text('wasi:cli/run@0.2.0'), 5, 7, 0], ...[0, ...text('c'), 0, 0x11, 1, 1, 5, 3]];
    expect(wasmNames(component(section(10, 6, ...imports), section(11, 2, ...exports)), 'f')).to.deep.equal({
      kind: 'component',
      imports: ['wasi:io/poll@0.2.0', 'f', 't', 'r', 'v@0.2.1', 'm'],
      exports: ['wasi:cli/run@0.2.0', 'c'],
    });
  });

  it('refuses what is not Wasm, by name and size', () => {
    expect(() => wasmNames(Buffer.from('abc'), 'f.wasm')).to.throw('f.wasm: not a WebAssembly module (3 bytes)');
    expect(() => wasmNames(Buffer.from([0, 0x61, 0x73, 0x6d, 9, 0, 0, 0]), 'f')).to.throw(
      'unknown version (9, layer 0)',
    );
    expect(isWasm(Buffer.from([0, 0x61, 0x73, 0x6d]))).to.equal(false);
  });

  it('never fails but by saying so', () =>
    fc.assert(
      fc.property(fc.boolean(), fc.uint8Array({ maxLength: 60 }), (isCore, rest) => {
        const wasm = (isCore ? core : component)([...rest]);
        try {
          wasmNames(wasm, 'f');
        } catch (error) {
          expect(error).to.be.instanceOf(Terminal);
        }
      }),
    ));
});
