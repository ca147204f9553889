import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { createFunction } from './create.ts';
import { FuncError } from './func-error.ts';
import { readFunctionFile } from './function-file.ts';
import { hasGo, linkPackages, packages } from './run/testing.ts';

describe('kwasm func create', function () {
  this.timeout(300_000);
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'kwasm-func-'));
  });
  afterEach(() => rmSync(dir, { recursive: true }));
  const refusal = async (act: Promise<unknown>) => {
    const error = await act.catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(FuncError);
    return (error as FuncError).message;
  };

  for (const runtime of ['ts-wasi', 'js-wasi']) {
    it(`${runtime}: writes a project that passes its own test`, async () => {
      const { files, folder } = await createFunction(join(dir, 'hello'), runtime);
      expect(files).to.include.members(['func.yaml', 'package.json', 'wit/world.wit', '.gitignore', 'README.md']);
      expect(await readFunctionFile(folder)).to.include({ name: 'hello', runtime });
      const tested = spawnSync(process.execPath, ['--test'], {
        cwd: folder,
        encoding: 'utf8',
        env: { PATH: process.env['PATH'] },
      });
      expect(tested.stdout).to.match(/pass 1\b/);
      expect(tested.status, tested.stdout).to.equal(0);
    });
  }

  it('ts-wasi: has types that hold, and packages in the versions that kwasm itself has tested', async () => {
    const { folder } = await createFunction(join(dir, 'hello'), 'ts-wasi');
    linkPackages(folder);
    const types = spawnSync(join(packages, '.bin/tsc'), ['-p', '.'], { cwd: folder, encoding: 'utf8' });
    expect(types.stdout + types.stderr).to.equal('');
    const own = JSON.parse(readFileSync(fileURLToPath(new URL('../../package.json', import.meta.url)), 'utf8'));
    const { devDependencies } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    expect({ ...own.dependencies, ...own.devDependencies }).to.include(devDependencies);
  });

  it('rust-wasi: writes a crate', async () => {
    const { files } = await createFunction(join(dir, 'hello'), 'rust-wasi');
    expect(files).to.include.members(['func.yaml', 'Cargo.toml', 'src/main.rs', '.gitignore']);
  });
  it('go-wasi: writes a module that passes its own test', async function () {
    if (!hasGo()) return this.skip();
    const { files, folder } = await createFunction(join(dir, 'hello'), 'go-wasi');
    expect(files).to.include.members(['func.yaml', 'go.mod', 'handle.go', 'handle_test.go', '.gitignore', 'README.md']);
    const tested = spawnSync('go', ['test', './...'], { cwd: folder, encoding: 'utf8' });
    expect(tested.stdout, tested.stderr).to.match(/^ok\s+function\s/);
    const vetted = spawnSync('go', ['vet', './...'], { cwd: folder, encoding: 'utf8' });
    expect(vetted.status, vetted.stderr).to.equal(0);
  });

  it('overwrites nothing', async () => {
    mkdirSync(join(dir, 'hello'));
    writeFileSync(join(dir, 'hello', 'mine.txt'), 'mine');
    const said = await refusal(createFunction(join(dir, 'hello'), 'ts-wasi'));
    expect(said).to.contain('hello is not empty (mine.txt); nothing was written');
  });
  it('begins in a clone of an empty repository, and overwrites no hidden file of it either', async () => {
    const folder = join(dir, 'hello');
    mkdirSync(join(folder, '.git'), { recursive: true });
    writeFileSync(join(folder, '.editorconfig'), 'root = true');
    await createFunction(folder, 'ts-wasi');
    expect(await readFunctionFile(folder)).to.include({ name: 'hello' });
    const other = join(dir, 'other');
    mkdirSync(other);
    writeFileSync(join(other, '.gitignore'), 'mine');
    expect(await refusal(createFunction(other, 'ts-wasi'))).to.contain('other is not empty (.gitignore)');
    expect(readdirSync(other)).to.deep.equal(['.gitignore']);
  });
  it('takes no name that a cluster would refuse', async () => {
    expect(await refusal(createFunction(join(dir, 'Hello_World'), 'ts-wasi'))).to.contain(
      `"Hello_World" cannot be a function's name`,
    );
  });
  it('says what is not there', async () => {
    expect(await refusal(createFunction(join(dir, 'a'), 'python-wasi'))).to.equal(
      'WASM builder: runtime "python-wasi": not yet implemented',
    );
    expect(await refusal(createFunction(join(dir, 'a'), 'go'))).to.equal(
      'WASM builder: runtime "go": not a WASI runtime; kwasm func builds ts-wasi, js-wasi, go-wasi, and rust-wasi, and func the others',
    );
    expect(await refusal(createFunction(join(dir, 'a'), 'js-wasi', 'cloudevents'))).to.contain('there is: http');
  });
});
