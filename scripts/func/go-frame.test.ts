import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { componentWit, print } from '@bytecodealliance/jco';
import { expect } from 'chai';
import { framed } from '../../src/func/build/go-component.ts';
import { goFrame } from '../../src/func/scaffold.ts';
import { inspect } from '../../src/wasm/module.ts';
import { wat } from '../testing/wat.ts';
import { goFrameText, scaffold, WORLDS } from './go-frame.ts';

const HANDLE = 'wasi:http/incoming-handler@0.2.10#handle';
const EXPORTS = `(memory (export "memory") 1) (func (export "_initialize"))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) unreachable)`;
const core = async (imports: string, handle = HANDLE) =>
  Buffer.from(await wat(`(module ${imports} ${EXPORTS} (func (export "${handle}") (param i32 i32)))`));

describe('the component around a module of Go', () => {
  const refusal = async (module: Promise<Buffer>) => {
    const bytes = await module;
    return () => framed('core.wasm', bytes, goFrame('function'));
  };
  for (const world of WORLDS)
    it(`${world}: is what its sources make, as it is committed`, async () => {
      const committed = readFileSync(join(scaffold, 'frame', `${world}.json`), 'utf8');
      expect(committed === (await goFrameText(world)), 'npm run manifests makes it anew').to.equal(true);
    });

  it('takes a module that imports less than it gives', async () => {
    const component = framed('core.wasm', await core(''), goFrame('function'));
    expect(inspect('function.wasm', component).exports).to.include('wasi:http/incoming-handler@0.2.10');
  });
  it('takes one that names an import twice, as Go does', async () => {
    const twice = '(import "wasi_snapshot_preview1" "random_get" (func (param i32 i32) (result i32)))';
    const component = framed('core.wasm', await core(twice + twice), goFrame('function'));
    const said = await print(component);
    expect(said)
      .to.contain('(import "wasi_snapshot_preview1" "random_get" (func')
      .and.to.contain('"random_get [v2]" (func');
    await componentWit(component); // reads it, and refuses what is not valid
    expect(await refusal(core(twice.repeat(3)))).to.throw('random_get [v3]');
  });
  it('imports what asks others only where that is wanted', () => {
    const asking = 'wasi:http/outgoing-handler@0.2.10 handle';
    expect(goFrame('function').imports).not.to.include(asking);
    expect(goFrame('asking-function').imports).to.include(asking);
  });

  it('names an import that it does not give', async () => {
    const own = core('(import "wasi:keyvalue/store@0.2.0" "open" (func (param i32)))');
    expect(await refusal(own)).to.throw('core.wasm: imports wasi:keyvalue/store@0.2.0 open, which a function in Go');
  });
  it('names an export that is missing', async () => {
    expect(await refusal(core('', 'handle'))).to.throw(`core.wasm: does not export ${HANDLE}`);
  });
});
