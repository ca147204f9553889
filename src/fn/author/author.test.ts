import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { runGolden } from './golden.ts';
import type { Language } from './language.ts';
import { buildProject, initProject, readProject } from './project.ts';
import { ProjectError } from './project-error.ts';

describe('a function that is begun by kwasm fn init', function () {
  this.timeout(300_000);
  let dir: string;
  let project: string;

  before(async function () {
    if (spawnSync('go', ['version']).status !== 0) {
      console.error('      no Go toolchain');
      return this.skip();
    }
    dir = mkdtempSync(join(tmpdir(), 'kwasm-author-'));
    project = join(dir, 'set-labels');
    await initProject(project, 'set-labels', 'go');
    await buildProject(await readProject(project));
  });
  after(() => dir && rmSync(dir, { recursive: true }));

  it('compiles, and passes the tests it comes with', async () => {
    expect(await runGolden(await readProject(project), false)).to.deep.equal([
      { kind: 'passed', name: 'labels' },
      { kind: 'passed', name: 'without-config' },
    ]);
  });

  it('fails a test by the first line that differs, and --update writes it anew', async () => {
    const file = join(project, 'tests/labels/expected.yaml');
    const right = readFileSync(file, 'utf8');
    writeFileSync(file, right.replace('team: shop', 'team: other'));
    const [failed] = await runGolden(await readProject(project), false);
    expect(failed).to.deep.equal({
      kind: 'failed',
      name: 'labels',
      why: 'line 9: expected "        team: other", got "        team: shop"',
    });
    const [updated] = await runGolden(await readProject(project), true);
    expect([updated?.kind, readFileSync(file, 'utf8')]).to.deep.equal(['updated', right]);
  });

  it('overwrites nothing', async () => {
    const error = await initProject(project, 'set-labels', 'go').catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(ProjectError);
    expect(String(error)).to.contain('is there already; nothing was written');
  });

  it('says what is missing', async () => {
    const error = await readProject(dir).catch((thrown: unknown) => thrown);
    expect(String(error)).to.contain('no function here').and.to.contain('kwasm fn init');
  });
});

describe('a function in TypeScript that is begun by kwasm fn init', function () {
  this.timeout(300_000);
  const cache = process.env['XDG_CACHE_HOME'];
  const packages = fileURLToPath(new URL('../../../node_modules', import.meta.url));
  let dir: string;
  let project: string;

  before(async () => {
    dir = mkdtempSync(join(tmpdir(), 'kwasm-author-'));
    project = join(dir, 'set-labels');
    await initProject(project, 'set-labels', 'ts');
    process.env['XDG_CACHE_HOME'] = join(dir, 'cache'); // of this component there is nothing to keep
  });
  after(() => {
    if (cache === undefined) delete process.env['XDG_CACHE_HOME'];
    else process.env['XDG_CACHE_HOME'] = cache;
    rmSync(dir, { recursive: true });
  });

  it('needs packages, which kwasm itself has tested in these versions', async () => {
    const error = await buildProject(await readProject(project)).catch((thrown: unknown) => thrown);
    expect(String(error)).to.match(/componentize-js is not installed: run npm install in .*set-labels$/);
    const own = JSON.parse(readFileSync(join(packages, '../package.json'), 'utf8'));
    const { dependencies, devDependencies } = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8'));
    expect({ ...own.dependencies, ...own.devDependencies }).to.include({ ...dependencies, ...devDependencies });
  });

  it('has types that hold, becomes a component, passes its tests, and fails those that are wrong', async () => {
    symlinkSync(packages, join(project, 'node_modules'));
    const types = spawnSync(join(packages, '.bin/tsc'), ['-p', '.'], { cwd: project, encoding: 'utf8' });
    expect(types.stdout + types.stderr).to.equal('');
    const built = readFileSync(await buildProject(await readProject(project)));
    expect(await runGolden(await readProject(project), false)).to.deep.equal([
      { kind: 'passed', name: 'labels' },
      { kind: 'passed', name: 'without-config' },
    ]);
    expect(readFileSync(await buildProject(await readProject(project))).equals(built), 'a second build').to.equal(true);
    writeFileSync(join(project, 'tests/without-config/error.txt'), 'another word\n');
    const [, failed] = await runGolden(await readProject(project), false);
    expect(failed).to.include({ kind: 'failed' });
  });
});

describe('kwasm fn init', () => {
  it('begins a function in a directory that is there, and overwrites nothing in it', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'kwasm-author-'));
    try {
      writeFileSync(join(dir, 'LICENSE'), 'mine\n');
      const written = await initProject(dir, 'f', 'rust');
      expect(written).to.include(join(dir, 'src/main.rs'));
      rmSync(join(dir, 'Cargo.toml'));
      const again = await initProject(dir, 'f', 'go').then(String, String);
      expect(again).to.equal(`Error: ${join(dir, 'function.json')} is there already; nothing was written`);
      expect(readdirSync(dir)).to.include('LICENSE').and.not.include.any.members(['go.mod', 'Cargo.toml']);
    } finally {
      rmSync(dir, { recursive: true });
    }
  });
});

describe('a function whose compiler is not here', () => {
  let dir: string;
  const path = process.env['PATH'];
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'kwasm-author-'));
  });
  afterEach(() => {
    process.env['PATH'] = path;
    rmSync(dir, { recursive: true });
  });
  const building = async (lang: Language) => {
    await initProject(join(dir, 'f'), 'f', lang);
    return buildProject(await readProject(join(dir, 'f'))).then(String, String);
  };
  const cases = [
    { lang: 'go', says: 'go was not found: install Go 1.21 or newer, https://go.dev/dl' },
    { lang: 'rust', says: 'rustc was not found: install Rust by rustup, https://rustup.rs' },
    { lang: 'tinygo', says: /^Error: tinygo was not found: install TinyGo .* https:\/\/tinygo\.org/ },
  ] as const;
  for (const { lang, says } of cases) {
    it(`${lang}: says where to get it`, async () => {
      process.env['PATH'] = dir;
      if (typeof says === 'string') expect(await building(lang)).to.equal(`Error: ${says}`);
      else expect(await building(lang)).to.match(says);
    });
  }
});

for (const lang of ['rust', 'tinygo'] as const) {
  describe(`a function in ${lang} that is begun by kwasm fn init`, function () {
    this.timeout(600_000);
    let dir: string;
    beforeEach(() => {
      dir = mkdtempSync(join(tmpdir(), 'kwasm-author-'));
    });
    afterEach(() => rmSync(dir, { recursive: true }));

    it('compiles, and passes the tests it comes with', async function () {
      const project = join(dir, 'set-labels');
      await initProject(project, 'set-labels', lang);
      const ended = await buildProject(await readProject(project)).then(() => 'built', String);
      if (/was not found|rustup target add wasm32-wasip1/.test(ended)) {
        console.error(`      ${ended}`);
        return this.skip();
      }
      expect(ended).to.equal('built');
      expect(await runGolden(await readProject(project), false)).to.deep.equal([
        { kind: 'passed', name: 'labels' },
        { kind: 'passed', name: 'without-config' },
      ]);
    });
  });
}
