import { expect } from 'chai';
import fc from 'fast-check';
import { fitsLabel, jobName } from './name.ts';

const nodeName = fc.stringMatching(/^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/);
const action = fc.constantFrom('install', 'uninstall') as fc.Arbitrary<'install' | 'uninstall'>;

describe('jobName', () => {
  it("is KWasm's while it fits", () => {
    expect(jobName('n1', 'install')).to.equal('n1-provision-kwasm');
    expect(jobName('n1', 'uninstall')).to.equal('n1-unprovision-kwasm');
    expect(jobName('a'.repeat(47), 'install')).to.equal(`${'a'.repeat(47)}-provision-kwasm`);
  });

  it('is always a valid name and label value', () => {
    fc.assert(
      fc.property(nodeName, action, (node, what) => {
        expect(jobName(node, what)).to.match(/^[a-z0-9]([-a-z0-9.]{0,61}[a-z0-9])?$/);
        expect(fitsLabel(jobName(node, what))).to.equal(true);
      }),
    );
  });

  it('never gives two nodes one Job, nor one node one Job for both actions', () => {
    fc.assert(
      fc.property(nodeName, action, nodeName, action, (a, x, b, y) => {
        fc.pre(a !== b || x !== y);
        expect(jobName(a, x)).not.to.equal(jobName(b, y));
      }),
    );
  });

  it('tells long names with a common beginning apart, and never cuts into a dash', () => {
    const long = `ip-10-0-0-1.${'eu-central-1.compute-'.repeat(4)}`;
    const names = [`${long}a`, `${long}b`].map((node) => jobName(node, 'install'));
    expect(names[0]).not.to.equal(names[1]);
    expect(jobName(`${'a'.repeat(37)}-.${'b'.repeat(60)}`, 'install')).to.match(/^a{37}-[0-9a-f]{8}-provision-kwasm$/);
  });
});

describe('fitsLabel', () => {
  it('knows what a label value may be', () => {
    expect(['n1', 'a.b_c-D', '', 'a'.repeat(63)].map(fitsLabel)).to.deep.equal([true, true, true, true]);
    expect(['a'.repeat(64), '-a', 'a.', 'a/b'].map(fitsLabel)).to.deep.equal([false, false, false, false]);
  });
});
