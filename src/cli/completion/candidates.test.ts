import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { expect } from 'chai';
import { makeProgram } from '../program.ts';
import { complete } from './candidates.ts';
import { SCRIPTS } from './scripts.ts';

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
  });
  it('asks for nodes where nodes belong, each once', () => {
    expect(complete(program, ['node', 'enable', '--wait', 'a', ''])).to.deep.equal({
      kind: 'nodes',
      prefix: '',
      given: ['a'],
    });
    expect(complete(program, ['doctor', 'k'])).to.deep.equal({ kind: 'nodes', prefix: 'k', given: [] });
    expect(values('doctor', 'a', ''), 'one node only').to.deep.equal(['none']);
    expect(values('node', 'enable', '-l', ''), 'a selector is nobody else’s to know').to.deep.equal(['none']);
  });
});

describe('the script for bash', function () {
  this.timeout(60_000);
  let directory: string;
  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'kwasm-completion-'));
    const main = new URL('../main.ts', import.meta.url).pathname;
    writeFileSync(join(directory, 'kwasm'), `#!/bin/sh\nexec '${process.execPath}' '${main}' "$@"\n`);
    chmodSync(join(directory, 'kwasm'), 0o755);
  });
  after(() => rmSync(directory, { recursive: true }));

  it('completes in a real bash', () => {
    const lines = `${SCRIPTS.bash}\nCOMP_WORDS=(kwasm node pa); COMP_CWORD=2; _kwasm; echo "\${COMPREPLY[*]}"`;
    const env = { PATH: `${directory}${delimiter}${process.env['PATH']}` };
    expect(execFileSync('bash', ['-c', lines], { env, encoding: 'utf8' }).trim()).to.equal('pause');
  });
});
