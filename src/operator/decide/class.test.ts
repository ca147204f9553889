import { expect } from 'chai';
import { classNotes, decideClass } from './class.ts';
import type { ClassView } from './view.ts';

const wanted = { name: 'wasmtime', handler: 'wasmtime' };
const actual = (change: Partial<ClassView>): ClassView => ({
  name: 'wasmtime',
  handler: 'wasmtime',
  ours: true,
  nodeSelector: { 'runtime.kwasm.sh/wasmtime': 'true' },
  ...change,
});

describe('decideClass', () => {
  const cases: readonly { name: string; is: ClassView | undefined; kind: string }[] = [
    { name: 'none yet', is: undefined, kind: 'apply' },
    { name: 'ours as it should be', is: actual({}), kind: 'keep' },
    { name: 'ours, selector edited away', is: actual({ nodeSelector: {} }), kind: 'apply' },
    { name: "k3s' built-in", is: actual({ ours: false, nodeSelector: {} }), kind: 'adopted' },
    { name: "somebody else's with another handler", is: actual({ ours: false, handler: 'spin-v2' }), kind: 'conflict' },
    { name: 'ours with the handler of an earlier configuration', is: actual({ handler: 'old' }), kind: 'conflict' },
  ];
  for (const { name, is, kind } of cases) {
    it(`${name}: ${kind}`, () => expect(decideClass(wanted, is).kind).to.equal(kind));
  }

  it('selects nodes on which the handler is proved', () => {
    const decision = decideClass({ name: 'wasmtime-spin-v2', handler: 'spin' }, undefined);
    expect(decision.kind === 'apply' && decision.manifest).to.deep.include({
      handler: 'spin',
      scheduling: { nodeSelector: { 'runtime.kwasm.sh/spin': 'true' } },
    });
  });
});

describe('classNotes', () => {
  it("names conflicts of this node's handlers only", () => {
    const foreign = actual({ ours: false, handler: 'other' });
    expect(classNotes(['wasmtime'], [wanted], [foreign])).to.have.length(1);
    expect(classNotes(['spin'], [wanted], [foreign])).to.deep.equal([]);
    expect(classNotes(['wasmtime'], [wanted], [actual({ ours: false })])).to.deep.equal([]);
  });
});
