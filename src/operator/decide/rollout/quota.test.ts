import { expect } from 'chai';
import { NOW_MS } from '../examples.ts';
import { Quota, quotaIn } from './quota.ts';

describe('quotaIn', () => {
  const cases = [
    {
      name: 'a quota of Jobs',
      said: 'jobs.batch "n1-provision-kwasm" is forbidden: exceeded quota: small, requested: count/jobs.batch=1, used: count/jobs.batch=7, limited: count/jobs.batch=7',
      by: 'exceeded quota: small, requested: count/jobs.batch=1, limited: count/jobs.batch=7',
    },
    {
      name: 'one that has not been counted yet',
      said: 'jobs.batch "n1-provision-kwasm" is forbidden: status unknown for quota: small, resources: count/jobs.batch',
      by: 'status unknown for quota: small, resources: count/jobs.batch',
    },
    { name: 'a webhook', said: 'admission webhook "a.b.c" denied the request: no', by: undefined },
    { name: 'a missing right', said: 'jobs.batch is forbidden: User "x" cannot create resource "jobs"', by: undefined },
  ];
  for (const { name, said, by } of cases) it(name, () => expect(quotaIn(said)).to.equal(by));
});

describe('a quota that has no room', () => {
  const held = (quota: Quota, nowMs: number) => ['a', 'b', 'c'].filter((name) => quota.holds(name, nowMs));

  it('holds nobody before it has refused anybody', () => {
    const quota = new Quota();
    quota.asks('a');
    expect(held(quota, NOW_MS)).to.deep.equal([]);
    expect(quota.by).to.equal(undefined);
  });

  it('holds all back after one refusal, then lets one ask at a time', () => {
    const quota = new Quota();
    expect(quota.refused('q', NOW_MS)).to.equal(1_000);
    expect(held(quota, NOW_MS + 999)).to.deep.equal(['a', 'b', 'c']);
    expect(quota.nextMs(NOW_MS)).to.equal(NOW_MS + 1_000);
    expect(held(quota, NOW_MS + 1_000)).to.deep.equal([]);
    quota.asks('b');
    expect(held(quota, NOW_MS + 1_000)).to.deep.equal(['a', 'c']);
    expect(quota.by).to.equal('q');
    quota.answered('b');
    expect(held(quota, NOW_MS + 1_000)).to.deep.equal([]);
  });

  it('is asked less and less often, and counts those that were on their way as one', () => {
    const quota = new Quota();
    let nowMs = NOW_MS;
    const pauses = Array.from({ length: 12 }, () => {
      const pauseMs = quota.refused('q', nowMs);
      expect(quota.refused('q', nowMs + 1), 'asked at the same time').to.equal(pauseMs - 1);
      nowMs += pauseMs;
      return pauseMs / 1000;
    });
    expect(pauses).to.deep.equal([1, 2, 4, 8, 16, ...Array.from({ length: 7 }, () => 30)]);
  });

  it('that has room again lets one after the other ask, without a pause, and in time all', () => {
    const quota = new Quota();
    quota.refused('q', NOW_MS);
    quota.refused('q', NOW_MS + 1_000);
    quota.asks('a');
    quota.accepted();
    expect(quota.by, 'nothing to tell any more').to.equal(undefined);
    expect(held(quota, NOW_MS + 1_001), 'a is not written down yet').to.deep.equal(['b', 'c']);
    quota.answered('a');
    quota.asks('b');
    expect(held(quota, NOW_MS + 1_002)).to.deep.equal(['a', 'c']);
    expect(held(quota, NOW_MS + 20 * 60_000)).to.deep.equal([]);
  });

  it('that is full again begins with the shortest pause', () => {
    const quota = new Quota();
    for (const ms of [0, 1_000, 3_000]) quota.refused('q', NOW_MS + ms);
    quota.accepted();
    expect(quota.refused('q', NOW_MS + 9_000)).to.equal(1_000);
  });
});
