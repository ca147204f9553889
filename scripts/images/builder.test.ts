import { expect } from 'chai';
import { chooseBuilder } from './builder.ts';

describe('chooseBuilder', () => {
  const cases = [
    { name: 'root with the tools', machine: { root: true, tools: true, buildx: true }, builder: 'assemble' },
    { name: 'no root, Docker', machine: { root: false, tools: true, buildx: true }, builder: 'buildx' },
    { name: 'root elsewhere, Docker', machine: { root: true, tools: false, buildx: true }, builder: 'buildx' },
  ] as const;
  for (const { name, machine, builder } of cases) {
    it(`${name}: ${builder}`, () => expect(chooseBuilder(machine, undefined).builder).to.equal(builder));
  }

  it('takes the one that was asked for', () => {
    const machine = { root: true, tools: true, buildx: false };
    expect(chooseBuilder(machine, 'buildx').builder).to.equal('buildx');
  });

  it('says what to do where nothing builds', () => {
    expect(() => chooseBuilder({ root: false, tools: true, buildx: false }, undefined)).to.throw(/as root .* Docker/);
  });
});
