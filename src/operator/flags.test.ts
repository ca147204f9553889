import { expect } from 'chai';
import { parseFlags } from './flags.ts';

const table = { 'leader-elect': 'boolean', config: 'string' } as const;

describe('parseFlags', () => {
  const cases: readonly { args: readonly string[]; is: Readonly<Record<string, string>> }[] = [
    { args: [], is: {} },
    { args: ['--leader-elect', '--config=a=b'], is: { 'leader-elect': 'true', config: 'a=b' } },
    { args: ['-leader-elect=false', '-config', 'x'], is: { 'leader-elect': 'false', config: 'x' } },
    { args: ['--config='], is: { config: '' } },
  ];
  for (const { args, is } of cases) {
    it(`reads ${args.join(' ') || 'nothing'}`, () =>
      expect(Object.fromEntries(parseFlags(args, table))).to.deep.equal(is));
  }

  it('refuses what it does not know, and says what there is', () => {
    expect(() => parseFlags(['--what'], table)).to.throw('unknown argument --what; known are --leader-elect, --config');
    expect(() => parseFlags(['leader-elect'], table)).to.throw('unknown argument');
    expect(() => parseFlags(['--toString'], table)).to.throw('unknown argument');
    expect(() => parseFlags(['--config'], table)).to.throw('--config needs a value');
    expect(() => parseFlags(['--leader-elect=yes'], table)).to.throw('true or false, not yes');
  });
});
