import { expect } from 'chai';
import { choose } from './choose.ts';

describe('choice of the provider', () => {
  const none = { docker: false, root: false, debian: false };
  const cases = [
    { name: 'Docker answers', machine: { ...none, docker: true, root: true, debian: true }, provider: 'kind' },
    { name: 'root on Debian', machine: { ...none, root: true, debian: true }, provider: 'local' },
  ];
  for (const { name, machine, provider } of cases) {
    it(name, () => expect(choose(machine, undefined).provider).to.equal(provider));
  }

  it('does as it is told', () => expect(choose(none, 'local')).to.deep.equal({ provider: 'local', why: 'asked for' }));

  it('says what is missing', () => {
    expect(() => choose({ ...none, debian: true }, undefined)).to.throw('not root');
    expect(() => choose({ ...none, root: true }, undefined)).to.throw('not Debian or Ubuntu');
  });
});
