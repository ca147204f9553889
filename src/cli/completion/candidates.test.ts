import { expect } from 'chai';
import { makeProgram } from '../program.ts';
import { complete } from './candidates.ts';

const program = makeProgram();
function values(...words: readonly string[]): readonly string[] {
  const completion = complete(program, words);
  return completion.kind === 'these' ? completion.candidates.map(({ value }) => value) : [completion.kind];
}

describe('completion', () => {
  it('knows commands, and hides what nobody types', () => {
    expect(values('')).to.include.members(['status', 'node', 'check']).and.not.to.include('__complete');
    expect(values('stat')).to.deep.equal(['status']);
    expect(values('node', '')).to.deep.equal(['enable', 'disable', 'retry', 'pause', 'resume']);
  });
  it('knows flags of the command that is meant', () => {
    expect(values('status', '--wa')).to.deep.equal(['--watch']);
    expect(values('node', 'enable', '--sh')).to.deep.equal(['--shims']);
    expect(values('status', '--shims')).to.deep.equal([]);
  });
  it('knows values', () => {
    expect(values('status', '-o', '')).to.deep.equal(['wide', 'json', 'yaml']);
    expect(values('status', '--output=j')).to.deep.equal(['--output=json']);
    expect(values('completion', 'z')).to.deep.equal(['zsh']);
    expect(values('--context', '')).to.deep.equal(['contexts']);
    expect(values('--context', 'a', 'stat'), 'the value is no command').to.deep.equal(['status']);
    expect(values('status', '--context', 'k')).to.deep.equal(['contexts']);
    const inline = complete(program, ['status', '--context=k']);
    expect(inline).to.deep.equal({ kind: 'contexts', prefix: 'k', before: '--context=' });
  });
  it('asks for nodes where nodes belong, each once', () => {
    expect(complete(program, ['node', 'enable', '--wait', 'a', ''])).to.deep.equal({
      kind: 'nodes',
      prefix: '',
      before: '',
      given: ['a'],
    });
    expect(complete(program, ['doctor', 'k'])).to.deep.equal({ kind: 'nodes', prefix: 'k', before: '', given: [] });
    expect(values('shim', 'show', 's'), 'a Shim of the cluster, too').to.deep.equal(['shims']);
    expect(complete(program, ['node', 'enable', '--shims', 'spin,wa'])).to.deep.equal({
      kind: 'shims',
      prefix: 'wa',
      before: 'spin,',
      there: true,
    });
    expect(complete(program, ['shim', 'mirror', 'dir', 'w'])).to.deep.include({ kind: 'shims', there: false });
    expect(values('shim', 'mirror', ''), 'a directory is the shell’s to know').to.deep.equal(['none']);
    expect(values('doctor', 'a', ''), 'one node only').to.deep.equal(['none']);
    expect(values('node', 'enable', '-l', ''), 'a selector is nobody else’s to know').to.deep.equal(['none']);
  });
});
