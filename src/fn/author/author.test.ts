import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { runGolden } from './golden.ts';
import { buildProject, initProject, ProjectError, readProject } from './project.ts';

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
    await initProject(project, 'set-labels');
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
    const error = await initProject(project, 'set-labels').catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(ProjectError);
    expect(String(error)).to.contain('is there already; nothing was written');
  });

  it('says what is missing', async () => {
    const error = await readProject(dir).catch((thrown: unknown) => thrown);
    expect(String(error)).to.contain('no function here').and.to.contain('kwasm fn init');
  });
});
