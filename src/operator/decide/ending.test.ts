import { expect } from 'chai';
import { endingOf, type HolderView, parsePod } from './ending.ts';
import { NOW_MS } from './examples.ts';

describe('the pods that hold up an uninstall', () => {
  const ref = { namespace: 'shop', name: 'cart', uid: 'u1' };
  const pod: HolderView = {
    uid: 'u1',
    node: 'n1',
    runtimeClass: 'wasmtime',
    fromFile: false,
    ended: false,
    leavesMs: undefined,
  };
  const cases: readonly { name: string; found: HolderView | undefined; is: string | undefined }[] = [
    { name: 'runs', found: pod, is: undefined },
    { name: 'is not there', found: undefined, is: 'gone' },
    { name: 'is another one of that name', found: { ...pod, uid: 'u2' }, is: 'gone' },
    { name: 'is on another node, whatever the Verdict says', found: { ...pod, node: 'n2' }, is: 'gone' },
    { name: 'has ended', found: { ...pod, ended: true }, is: 'gone' },
    {
      name: 'asked for no runtime, whatever the Verdict says',
      found: { ...pod, runtimeClass: undefined },
      is: 'blocked',
    },
    { name: 'is a static pod', found: { ...pod, uid: 'mirror', fromFile: true }, is: 'blocked' },
    { name: 'ends, in its grace period', found: { ...pod, leavesMs: NOW_MS + 20_000 }, is: 'ending' },
    { name: 'outlives its grace period', found: { ...pod, leavesMs: NOW_MS - 60_000 }, is: 'gone' },
  ];
  for (const { name, found, is } of cases) {
    it(`${name}: ${is ?? 'is told to go'}`, () => expect(endingOf(ref, 'n1', found, NOW_MS)?.state).to.equal(is));
  }

  it('are named by namespace, name and uid', () => {
    expect(parsePod('shop/cart/u1')).to.deep.equal(ref);
    for (const text of ['', 'shop/cart', 'shop//u1', 'a/b/c/d']) expect(parsePod(text), text).to.equal(undefined);
  });
});
