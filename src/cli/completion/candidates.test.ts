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

describe('the script for bash', function () {
  this.timeout(60_000);
  let directory: string;
  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'kwasm-completion-'));
    const main = new URL('../main.ts', import.meta.url).pathname;
    writeFileSync(join(directory, 'kwasm'), `#!/bin/sh\nexec '${process.execPath}' '${main}' "$@"\n`);
    chmodSync(join(directory, 'kwasm'), 0o755);
    const contexts = [{ name: 'arn:aws:eks:eu:1:cluster/big', context: { cluster: 'c', user: 'u' } }];
    writeFileSync(join(directory, 'config'), JSON.stringify({ apiVersion: 'v1', kind: 'Config', contexts }));
  });
  after(() => rmSync(directory, { recursive: true }));

  it('completes in a real bash', () => {
    for (const [line, wanted] of [
      ['kwasm node pa', 'pause'],
      ['kwasm status -o ', 'wide json yaml'],
      ['kwasm status --output=j', 'json'], // bash has taken `--output` and `=` apart
      ['kwasm shim mirror dir wasme', 'wasmedge wasmer'],
      ['kwasm status --context arn:aws:eks:eu:1:cluster/b', 'cluster/big'],
    ] as const) {
      const said = `COMP_LINE=${JSON.stringify(line)}; COMP_POINT=\${#COMP_LINE}; _kwasm; echo "\${COMPREPLY[*]}"`;
      const env = {
        PATH: `${directory}${delimiter}${process.env['PATH']}`,
        KUBECONFIG: join(directory, 'config'),
        HOME: directory,
      };
      const out = execFileSync('bash', ['-c', `${SCRIPTS.bash}\n${said}`], { env, encoding: 'utf8' });
      expect(out.trim().split(' ').sort(), line).to.deep.equal(wanted.split(' ').sort());
    }
  });
});
