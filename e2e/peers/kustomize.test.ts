import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { root as project } from '../../scripts/testing/mocha.ts';
import { buildGuest, type Guest } from './guest.ts';
import { type RegistryProcess, startRegistry } from './registry-process.ts';

const PROGRAM = process.env['KWASM_PEER_KUSTOMIZE'] ?? 'run these tests by `npm run test:peers`';
const WASM = 'wasip1:\n  file: ../bin/krm.wasm\n';
const EXEC = 'exec:\n  path: ../bin/krm\n';

/** Every case runs twice: kustomize itself with the native function, and ours with the same function as Wasm. */
describe('kustomize with Wasm functions', () => {
  let guest: Guest;
  let dir: string;
  let repo: string;
  before(function () {
    this.timeout(20 * 60_000);
    guest = buildGuest('krm');
  });
  beforeEach(() => {
    dir = realpathSync(mkdtempSync(join(tmpdir(), 'kwasm-kustomize-test-')));
    repo = join(dir, 'repo');
    mkdirSync(join(repo, '.git'), { recursive: true });
    mkdirSync(join(repo, 'bin'));
    copyFileSync(guest.wasm, join(repo, 'bin/krm.wasm'));
    copyFileSync(guest.native, join(repo, 'bin/krm'));
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  function write(files: Readonly<Record<string, string>>): void {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(repo, name)), { recursive: true });
      writeFileSync(join(repo, name), text);
    }
  }
  const call = (file: string, args: readonly string[]) => {
    const env = { ...process.env, KWASM_KUSTOMIZE: PROGRAM, XDG_CACHE_HOME: join(dir, 'cache') };
    return spawnSync(file, args, { cwd: repo, env, encoding: 'utf8', maxBuffer: 1 << 30 });
  };
  const ours = (...args: readonly string[]) =>
    call(process.execPath, [join(project, 'src/cli/main.ts'), 'kustomize', 'build', ...args]);
  const theirs = (...args: readonly string[]) =>
    call(PROGRAM, ['build', '--enable-alpha-plugins', '--enable-exec', ...args]);

  const fn = (mode: string, value = 'v', spec = WASM, name = mode) => `apiVersion: example.com/v1
kind: App
metadata:
  name: ${name}
  annotations:
    config.kubernetes.io/function: |
${spec.trimEnd().replace(/^/gm, '      ')}
spec:
  mode: ${mode}
  value: '${value}'
`;
  const objects = `apiVersion: v1
kind: ConfigMap # one of two
metadata:
  name: one
data:
  yes: "no"
  text: |
    a
     b
  folded: >-
    Grüße,
    世界
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: two
  namespace: far
data: {number: "007", quoted: 'it''s'}
`;
  const app = (kustomization: string, files: Readonly<Record<string, string>> = {}) =>
    write({ 'app/objects.yaml': objects, 'app/kustomization.yaml': kustomization, ...files });
  const tree = () => readdirSync(repo, { recursive: true }).sort();

  /** The same tree, once with `wasip1` and once with `exec`. */
  function both(kustomization: string, files: Readonly<Record<string, string>>) {
    app(kustomization, files);
    const before = tree();
    const wasm = ours('app');
    expect(tree()).to.deep.equal(before);
    const asExec = Object.entries({ 'app/kustomization.yaml': kustomization, ...files });
    write(
      Object.fromEntries(
        asExec.map(([name, text]) => [
          name,
          text.replaceAll('wasip1:', 'exec:').replaceAll('file: ../bin/krm.wasm', 'path: ../bin/krm'),
        ]),
      ),
    );
    return { wasm, native: theirs('app') };
  }
  const same = (kustomization: string, files: Readonly<Record<string, string>>) => {
    const { wasm, native } = both(kustomization, files);
    expect([wasm.stderr, wasm.status]).to.deep.equal(['', 0]);
    expect(wasm.stdout).to.equal(native.stdout).and.not.equal('');
    return wasm.stdout;
  };

  describe('byte for byte what kustomize gives with the native function', () => {
    it('a transformer', () => {
      expect(same('resources: [objects.yaml]\ntransformers: [t.yaml]\n', { 'app/t.yaml': fn('label') })).to.contain(
        'set-by: v',
      );
    });
    it('a transformer that deletes, one that adds', () => {
      const out = same('resources: [objects.yaml]\ntransformers: [d.yaml, a.yaml]\n', {
        'app/d.yaml': fn('drop', 'one'),
        'app/a.yaml': fn('add', 'new'),
      });
      expect(out).to.contain('name: new').and.not.contain('name: one');
    });
    it('a generator: names with a hash where it asks for one, its configuration dropped', () => {
      const out = same('generators: [g.yaml]\nnamePrefix: p-\n', { 'app/g.yaml': fn('generate') });
      expect(out)
        .to.match(/name: p-hashed-\w{10}\n/)
        .and.contain('name: p-plain\n')
        .and.not.contain('kind: App');
    });
    it('a generator that merges into what is there', () => {
      const kustomization = 'configMapGenerator: [{name: one, literals: [a=b]}]\ngenerators: [g.yaml]\n';
      expect(same(kustomization, { 'app/g.yaml': fn('merge', 'one') })).to.contain('from: function');
    });
    it('written in the kustomization, from a directory, in a base, several in one file', () => {
      const inline = fn('label', 'inline').trimEnd().replace(/^/gm, '  ');
      same(
        `resources: [objects.yaml, ../base]\ntransformers:\n- ../fns\n- several.yaml\n- |-\n${inline}\nnameSuffix: -s\n`,
        {
          'fns/kustomization.yaml': 'resources: [t.yaml]\n',
          'fns/t.yaml': fn('add', 'dir', WASM, 'dir'),
          'app/several.yaml': `${fn('add', 'first', WASM, 'f1')}---\n${fn('add', 'second', WASM, 'f2')}`,
          'base/kustomization.yaml': 'generators: [g.yaml]\n',
          'base/g.yaml': fn('generate'),
        },
      );
    });
    it('ids and indices are there for the function', () => {
      same('resources: [objects.yaml]\ntransformers: [t.yaml]\n', { 'app/t.yaml': fn('ids') });
    });
    it('origins in annotations, order, output to a file', () => {
      same(
        'resources: [objects.yaml]\ngenerators: [g.yaml]\nbuildMetadata: [originAnnotations, transformerAnnotations]\n',
        { 'app/g.yaml': fn('generate') },
      );
      app('resources: [objects.yaml]\ntransformers: [t.yaml]\n', { 'app/t.yaml': fn('label') });
      expect(ours('-o', 'out.yaml', '--reorder=legacy', 'app').stdout).to.equal('');
      expect(readFileSync(join(repo, 'out.yaml'), 'utf8')).to.contain('set-by: v');
    });
    it('many objects', () => {
      const many = Array.from({ length: 400 }, (_, at) =>
        objects.replaceAll('name: ', `name: n${at}-`).replace('namespace: n', 'namespace: n'),
      ).join('---\n');
      same('resources: [objects.yaml]\ntransformers: [t.yaml]\n', {
        'app/objects.yaml': many,
        'app/t.yaml': fn('label'),
      });
    });
  });

  /** kustomize itself fails every validator that is a function, `cat` too, for the path that its function runner notes. */
  describe('validators, which work here', () => {
    const validated = (mode: string, value = 'v') => {
      app('resources: [objects.yaml]\nvalidators: [v.yaml]\nnamePrefix: p-\n', { 'app/v.yaml': fn(mode, value) });
      return ours('app');
    };
    it('one that is content changes nothing', () => {
      app('resources: [objects.yaml]\nnamePrefix: p-\n');
      const plain = theirs('app').stdout;
      const { stdout, stderr } = validated('require', 'name: p-');
      expect([stdout, stderr]).to.deep.equal([plain, '']);
    });
    it('kustomize fails the same one as a native program', () => {
      app('resources: [objects.yaml]\nvalidators: [v.yaml]\n', { 'app/v.yaml': fn('require', 'ConfigMap', EXEC) });
      expect(theirs('app').stderr).to.contain("validator shouldn't modify the resource map");
    });
    it('one that sets the one label it may', () => {
      expect(validated('validated-by').stdout.match(/validated-by: test/g)).to.have.length(2);
    });
    it('one that is not content', () => {
      const { status, stdout, stderr } = validated('require', 'zzz');
      expect([status, stdout]).to.deep.equal([1, '']);
      expect(stderr).to.contain('does not hold "zzz"').and.contain('exited with code 3');
    });
    for (const mode of ['label', 'drop', 'add']) {
      it(`one that changes something: ${mode}`, () => {
        const { status, stdout, stderr } = validated(mode, 'p-one');
        expect([status, stdout]).to.deep.equal([1, '']);
        expect(stderr).to.contain("validator shouldn't modify the resource map: ConfigMap p-one was");
      });
    }
  });

  describe("kustomize's own errors", () => {
    const alike = (kustomization: string, files: Readonly<Record<string, string>>, said: RegExp) => {
      const { wasm, native } = both(kustomization, files);
      expect([wasm.status, wasm.stdout, native.status]).to.deep.equal([1, '', 1]);
      expect(native.stderr).to.match(said);
      expect(wasm.stderr).to.match(said);
      expect(wasm.stderr)
        .not.to.contain('kwasm-kustomize-'.concat('x'))
        .and.not.match(/\/tree\//);
    };
    it('an object twice', () => {
      alike(
        'resources: [objects.yaml]\ntransformers: [t.yaml]\n',
        { 'app/t.yaml': fn('twice') },
        /generated duplicate resource/,
      );
    });
    it('a hash annotation that is neither true nor false', () => {
      alike('generators: [g.yaml]\n', { 'app/g.yaml': fn('bad-hash') }, /contains an invalid value \("perhaps"\)/);
    });
    it('a kustomization that is wrong, by its own path', () => {
      app('resources: [absent.yaml]\ntransformers: [t.yaml]\n', { 'app/t.yaml': fn('label') });
      const { stderr, status } = ours('app', '--enable-alpha-plugins', '--enable-exec');
      expect([status, stderr]).to.satisfy(
        ([code, text]: [number, string]) => code === 1 && text.includes(`${repo}/app/absent.yaml`),
      );
    });
  });

  describe('what a function sees', () => {
    it('no directory, no environment, no file; and the annotation that its author wrote', () => {
      app('generators: [g.yaml]\ntransformers: [t.yaml]\n', {
        'app/g.yaml': fn('echo-config'),
        'app/t.yaml': fn('surroundings'),
      });
      const { stdout, stderr } = ours('app');
      expect(stderr).to.equal('cwd="" env=0 read=false args=["krm"]\n');
      expect(stdout).to.contain('seen: |\n    wasip1:\n      file: ../bin/krm.wasm\n');
    });
  });

  describe('a function that misbehaves deletes nothing', () => {
    const cases = [
      { mode: 'garbage', said: 'App garbage: ../bin/krm.wasm returned no ResourceList: it begins "done, all is well' },
      { mode: 'nothing', said: 'returned no ResourceList' },
      { mode: 'noise', said: 'logs to stderr' },
      { mode: 'panic', said: 'panic: as asked' },
      { mode: 'loop', said: 'timed out after 2s' },
    ];
    for (const { mode, said } of cases) {
      it(mode, () => {
        app('resources: [objects.yaml]\ntransformers: [t.yaml]\n', { 'app/t.yaml': fn(mode) });
        const { status, stdout, stderr } = ours('--timeout', mode === 'loop' ? '2s' : '2m', 'app');
        expect([status, stdout]).to.deep.equal([1, '']);
        expect(stderr).to.contain(said);
      });
    }
  });

  describe('what may run', () => {
    const transformed = (spec: string, ...flags: readonly string[]) => {
      app('resources: [objects.yaml]\ntransformers: [t.yaml]\n', { 'app/t.yaml': fn('label', 'v', spec) });
      return ours('app', ...flags);
    };
    it('a native function with both flags, beside Wasm, as kustomize has it', () => {
      app('resources: [objects.yaml]\ntransformers: [t.yaml, n.yaml]\n', {
        'app/t.yaml': fn('label'),
        'app/n.yaml': fn('add', 'native', EXEC, 'n'),
      });
      expect(ours('app').stderr).to.contain('external plugins disabled');
      expect(ours('app', '--enable-alpha-plugins').stderr).to.contain(
        'needs --enable-exec; kustomize would skip it and say nothing',
      );
      expect(ours('app', '--enable-alpha-plugins', '--enable-exec').stdout)
        .to.contain('name: native')
        .and.contain('set-by: v');
    });
    it('no file outside of the repository', () => {
      copyFileSync(guest.wasm, join(dir, 'out.wasm'));
      expect(transformed('wasip1: {file: ../../out.wasm}').stderr).to.contain(`outside of ${repo}`);
      expect(transformed('wasip1: {file: ../../out.wasm}', '--root', dir).status).to.equal(0);
      expect(transformed(`wasip1: {file: ${dir}/out.wasm}`).stderr).to.contain('is absolute');
    });
    it('no file that is missing or not Wasm', () => {
      write({ 'bin/text.wasm': 'abc' });
      expect(transformed('wasip1: {file: ../bin/none.wasm}').stderr).to.contain(
        "failed to read wasi binary(path: '../bin/none.wasm')",
      );
      expect(transformed('wasip1: {file: ../bin/text.wasm}').stderr).to.contain(
        'text.wasm: not a WebAssembly module (3 bytes)',
      );
    });
    it('what the policy allows', () => {
      const policy = (allow: string) =>
        write({ 'policy.yaml': `apiVersion: kwasm.sh/v1alpha1\nkind: FunctionPolicy\nallow: [${allow}]\n` });
      policy('{file: other/*.wasm}');
      const [, digest = ''] =
        /its module is (sha256:\w{64})/.exec(transformed(WASM, '--policy', 'policy.yaml').stderr) ?? [];
      policy(`{digest: '${digest}'}`);
      expect(transformed(WASM, '--policy', 'policy.yaml').status).to.equal(0);
      policy('{file: bin/*.wasm}');
      expect(transformed(WASM, '--policy', 'policy.yaml').status).to.equal(0);
    });
  });

  it('wrapped: the unmodified kustomize builds the same', () => {
    const inline = fn('label', 'inline').trimEnd().replace(/^/gm, '  ');
    app(`resources: [objects.yaml, ../base]\ntransformers:\n- |-\n${inline}\nvalidators: [v.yaml]\n`, {
      'app/v.yaml': fn('require', 'set-by'),
      'base/kustomization.yaml': 'generators: [g.yaml]\n',
      'base/g.yaml': fn('generate'),
    });
    const expected = ours('app').stdout;
    const kwasm = join(dir, 'kwasm');
    writeFileSync(kwasm, `#!/bin/sh\nexec '${process.execPath}' '${join(project, 'src/cli/main.ts')}' "$@"\n`, {
      mode: 0o755,
    });
    const wrapped = call(kwasm, ['kustomize', 'wrap', 'app', '--output', join(dir, 'out')]);
    expect(wrapped.stdout).to.equal(`kustomize build --enable-alpha-plugins --enable-exec ${join(dir, 'out/app')}\n`);
    rmSync(repo, { recursive: true }); // the copy needs nothing of it
    mkdirSync(repo);
    process.env['KWASM'] = kwasm;
    try {
      const { stdout, stderr } = theirs(join(dir, 'out/app'));
      expect([stdout, stderr]).to.deep.equal([expected, '']);
    } finally {
      delete process.env['KWASM'];
    }
  });

  describe('images', () => {
    let registry: RegistryProcess;
    before(async () => {
      registry = await startRegistry();
    });
    after(() => registry.stop());
    const kwasm = (...args: readonly string[]) => call(process.execPath, [join(project, 'src/cli/main.ts'), ...args]);
    const push = (format: string, to: string) =>
      kwasm('wasm', 'push', '--format', format, 'bin/krm.wasm', `${registry.host}/${to}`);
    const built = (image: string, ...flags: readonly string[]) => {
      const spec = `wasip1: {image: '${registry.host}/${image}'}`;
      app('resources: [objects.yaml]\ntransformers: [t.yaml]\n', { 'app/t.yaml': fn('label', 'v', spec) });
      return ours('app', ...flags);
    };

    it('by tag, by digest, and by digest only', () => {
      const [, digest] = /digest of the image: (sha256:\w+)/.exec(push('cncf', 'fns/cncf:v1').stdout) ?? [];
      push('kpt', 'fns/kpt:v1');
      for (const image of ['fns/cncf:v1', `fns/cncf@${digest}`, 'fns/kpt:v1'])
        expect(built(image).stdout).to.contain('set-by: v');
      expect(built('fns/cncf:v1', '--require-digest').stderr).to.contain('has no digest');
      expect(built(`fns/cncf@${digest}`, '--require-digest', '--offline').status).to.equal(0);
    });

    it('containers converted, where there is a Wasm form', () => {
      push('cncf', 'fns/own:v1');
      push('kpt', 'catalogue/wasm/labels:v2');
      const container = (image: string, more = '') => `container: {image: '${registry.host}/${image}'${more}}`;
      app('resources: [objects.yaml]\ntransformers: [t.yaml]\n', {
        'app/t.yaml': `# kept\n${fn('label', 'v', container('fns/own:v1'), 'own')}---\n${fn('add', 'new', container('catalogue/labels:v2'), 'labels')}`,
        'app/kept.yaml': `${fn('label', 'v', container('fns/none:v1'), 'none')}---\n${fn('label', 'v', container('fns/own:v1', ', network: true'), 'net')}`,
      });
      expect(kwasm('kustomize', 'convert', '--write', 'app/t.yaml')).to.include({ status: 0, stdout: '' });
      const text = readFileSync(join(repo, 'app/t.yaml'), 'utf8');
      expect(text)
        .to.match(/^# kept\n/)
        .and.match(/wasip1: \{image: "localhost:\d+\/fns\/own@sha256:\w{64}"\}/);
      expect(text)
        .to.match(/localhost:\d+\/catalogue\/wasm\/labels@sha256:/)
        .and.not.contain('container:');
      expect(ours('app', '--require-digest').stdout).to.contain('set-by: v').and.contain('name: new');
      const kept = kwasm('kustomize', 'convert', 'app/kept.yaml');
      expect([kept.status, kept.stdout]).to.deep.equal([1, readFileSync(join(repo, 'app/kept.yaml'), 'utf8')]);
      expect(kept.stderr)
        .to.contain('not found in the registry')
        .and.contain("it wants 'network', which no Wasm function is given");
    });
  });

  it('says how to get kustomize where there is none', () => {
    app('resources: [objects.yaml]\n');
    expect(ours('app', '--kustomize', './none').stderr).to.contain('./none is not a program');
  });
});
