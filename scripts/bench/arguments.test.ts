import { expect } from 'chai';
import { Terminal } from '../../src/errors.ts';
import { parseBench } from './arguments.ts';

describe('arguments of the bench', () => {
  const sections = ['start', 'burst', 'cuts'];

  it('are all sections when none is named', () => {
    expect(parseBench([], sections)).to.deep.equal({ help: false, short: false, only: sections, out: undefined });
  });

  it('name some, and where the table goes', () => {
    const { only, short, out } = parseBench(['--only', 'cuts,start', '--short', '--out=/tmp/t.md'], sections);
    expect([only, short, out]).to.deep.equal([['cuts', 'start'], true, '/tmp/t.md']);
  });

  for (const argv of [['--only', 'brust'], ['--fast'], ['start']]) {
    it(`refuse ${argv.join(' ')}`, () => expect(() => parseBench(argv, sections)).to.throw(Terminal));
  }
});
