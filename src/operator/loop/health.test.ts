import { expect } from 'chai';
import { readiness } from './health.ts';

describe('readiness', () => {
  const ok = { resource: 'nodes', synced: true, troubleSinceMs: undefined, trouble: '' };
  const at = 1_000_000;

  it('is given when every watch is whole and fresh', () => {
    expect(readiness([ok, { ...ok, resource: 'jobs' }], at)).to.deep.equal({
      ready: true,
      text: 'nodes: ok\njobs: ok\n',
    });
  });

  it('names the watch that has not synced', () => {
    const young = { resource: 'jobs', synced: false, troubleSinceMs: at - 4_000, trouble: 'jobs is forbidden' };
    expect(readiness([ok, young], at)).to.deep.equal({
      ready: false,
      text: 'nodes: ok\njobs: not synced yet for 4 s (jobs is forbidden)\n',
    });
  });

  it('bears a short cut, and names the watch that stays cut', () => {
    const cut = (ms: number) => ({ ...ok, troubleSinceMs: at - ms, trouble: 'ECONNREFUSED' });
    expect(readiness([cut(5_000)], at).ready).to.equal(true);
    expect(readiness([cut(45_000)], at)).to.deep.equal({
      ready: false,
      text: 'nodes: stale for 45 s (ECONNREFUSED)\n',
    });
  });
});
