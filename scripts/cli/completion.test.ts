import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { expect } from 'chai';
import { SCRIPTS } from '../../src/cli/completion/scripts.ts';
import { root } from '../testing/mocha.ts';
import { bundleCommand } from './bundle.ts';

const EKS = 'arn:aws:eks:eu:1:cluster/big';
/** What is offered for a line, whole words. */
const OFFERED: Readonly<Record<string, readonly string[]>> = {
  'kwasm node pa': ['pause'],
  'kwasm status -o ': ['json', 'wide', 'yaml'],
  'kwasm status --output=j': ['--output=json'],
  'kwasm shim mirror dir wasme': ['wasmedge', 'wasmer'],
  'kwasm node enable --shims spin,wasme': ['spin,wasmedge', 'spin,wasmer'],
  'kwasm status --context arn:aws:eks:eu:1:cluster/b': [EKS],
  'kwasm status --context=arn:aws:e': [`--context=${EKS}`],
  'kwasm --context "a b" stat': ['status'],
};
/** In bash files are completed by its prompt (`-o default`). */
const OFFERED_ELSEWHERE = { ...OFFERED, 'kwasm install -f val': ['values.yaml'] };
/** As bash has them behind what stands there. */
const QUOTED: Readonly<Record<string, string>> = {
  'kwasm status --context our': 'our\\ team',
  'kwasm status --context our\\ t': 'our\\ team',
  'kwasm status --context "our t': 'our team',
  'kwasm status --context="our t': 'our team',
  'kwasm --context our\\ team stat': 'status',
};

/** With the command in one file, as people have it: each press of Tab starts it. */
describe('the scripts of `kwasm completion`', function () {
  this.timeout(120_000);
  let directory: string;
  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'kwasm-completion-'));
    await bundleCommand(root, '0.0.0', join(directory, 'kwasm.mjs'));
    writeFileSync(join(directory, 'kwasm'), `#!/bin/sh\nexec '${process.execPath}' '${directory}/kwasm.mjs' "$@"\n`);
    chmodSync(join(directory, 'kwasm'), 0o755);
    const contexts = [EKS, 'our team'].map((name) => ({ name, context: { cluster: 'c', user: 'u' } }));
    writeFileSync(join(directory, 'config'), JSON.stringify({ apiVersion: 'v1', kind: 'Config', contexts }));
    writeFileSync(join(directory, 'values.yaml'), '');
    // As a file of zsh's fpath, and as people source it.
    for (const [name, text] of Object.entries({ ...SCRIPTS, _kwasm: SCRIPTS.zsh, drive: ZSH_DRIVER })) {
      writeFileSync(join(directory, name), text);
    }
  });
  after(() => rmSync(directory, { recursive: true }));

  function run(shell: string, ...args: readonly string[]): string {
    const env = {
      PATH: `${directory}${delimiter}${process.env['PATH']}`,
      KUBECONFIG: join(directory, 'config'),
      HOME: directory,
      TERM: 'dumb',
    };
    return execFileSync(shell, args, { env, cwd: directory, encoding: 'utf8', timeout: 100_000, stdio: 'pipe' });
  }

  it('complete in a real bash', () => {
    const asked = Object.keys(OFFERED).map(
      (line) => `COMP_LINE='${line}'; COMP_POINT=\${#COMP_LINE}; _kwasm; echo "\${COMPREPLY[*]}"`,
    );
    const answers = run('bash', '-c', [SCRIPTS.bash, ...asked].join('\n'))
      .trim()
      .split('\n');
    const said = answers.map((answer) => answer.split(' ').sort());
    // bash itself has taken the word apart at = and :, and wants what is behind those that stand there.
    const last = (line: string) => line.slice(line.lastIndexOf(' ') + 1).replace(/[^=:]*$/, '').length;
    const wanted = Object.entries(OFFERED).map(([line, words]) => words.map((word) => word.slice(last(line))));
    expect(said).to.deep.equal(wanted);
  });

  it('complete quoted words in a real bash', () => {
    const asked = Object.keys(QUOTED).map(
      (line) => `COMP_LINE='${line}'; COMP_POINT=\${#COMP_LINE}; _kwasm; printf '%s\\n' "\${COMPREPLY[@]}"`,
    );
    expect(
      run('bash', '-c', [SCRIPTS.bash, ...asked].join('\n'))
        .trim()
        .split('\n'),
    ).to.deep.equal(Object.values(QUOTED));
  });

  withShell('fish', () => {
    const asked = Object.keys(OFFERED_ELSEWHERE).map((line) => `complete -C '${line}'; echo END`);
    const answers = run('fish', '--no-config', '-c', ['source fish', ...asked].join('\n')).split('END\n');
    const said = answers.map((answer) => answer.trim().replace(/\t.*/gm, '').split('\n').sort());
    expect(said.slice(0, -1)).to.deep.equal(Object.values(OFFERED_ELSEWHERE));
    const described = run('fish', '--no-config', '-c', "source fish; complete -C 'kwasm sta'");
    expect(described, 'with what it does').to.match(/^status\tnodes, shims and workloads/);
  });

  withShell('zsh', () => {
    expect(zsh('compinit -u -D; source ./zsh', Object.keys(OFFERED_ELSEWHERE))).to.deep.equal(
      Object.values(OFFERED_ELSEWHERE),
    );
    expect(zsh('true; source ./zsh', ['kwasm node pa']), 'before compinit').to.deep.equal([['pause']]);
    const fromPath = `fpath=(${directory} $fpath); compinit -u -D`;
    expect(zsh(fromPath, ['kwasm node pa']), 'a file of fpath').to.deep.equal([['pause']]);
  });

  /** A prompt of its own in a terminal of its own; what the Tab key offers there. */
  function zsh(prepared: string, lines: readonly string[]): readonly (readonly string[])[] {
    const out = run('zsh', '-f', 'drive', prepared, ...lines);
    return [...out.matchAll(/<<([^>]*)>>/g)].map(([, words = '']) => words.split(' ').filter(Boolean).sort());
  }
});

function withShell(shell: string, test: () => void): void {
  const there = spawnSync(shell, ['--version']).error === undefined;
  if (there) it(`complete in a real ${shell}`, test);
  else it.skip(`complete in a real ${shell}: it is not installed here (apt-get install ${shell})`, test);
}

/** compadd is where completion functions hand over what they found; those with -O, -A or -D only ask. */
const ZSH_DRIVER = `
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell "PS1= RPS1=; unset zle_bracketed_paste; autoload -Uz compinit; $1"
zpty -w shell 'compadd() { local -a hits; [[ \${@[(I)-(O|A|D)]} -gt 0 ]] || { builtin compadd -O hits "$@"; found+=($hits) }; builtin compadd "$@" }'
zpty -w shell 'told() { print -r -- "<""<$found>>"; found=() BUFFER= }; zle -N told; bindkey "^X" told; bindkey "^I" complete-word; found=(); print REA""DY'
zpty -r -m shell out '*READY*'
shift
for line; do
  zpty -w -n shell "$line"$'\\t\\x18'
  zpty -r -m shell out '*<<*>>*'
  print -r -- "$out"
done
zpty -d shell
`;
