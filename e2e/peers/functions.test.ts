import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { goGuest } from '../../scripts/testing/go-guest.ts';
import { type Access, accessFrom } from '../../src/oci/access.ts';
import { pushModule } from '../../src/oci/push.ts';
import { type RegistryProcess, startRegistry } from './registry-process.ts';

const MAIN = new URL('../../src/cli/main.ts', import.meta.url).pathname;
const KPTFILE = 'apiVersion: kpt.dev/v1\nkind: Kptfile\nmetadata:\n  name: p\n';
const CM = 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: cm # c\ndata:\n  touched: b\n';

/** The command as users start it, with functions that lie in a real registry; and kpt with the same ones. */
describe('functions from a real registry', () => {
  let registry: RegistryProcess;
  let dir: string;
  let access: Access;
  let env: NodeJS.ProcessEnv;

  before(async () => {
    registry = await startRegistry();
  });
  after(() => registry.stop());
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'kwasm-peers-'));
    const own = { DOCKER_CONFIG: dir, XDG_CACHE_HOME: join(dir, 'cache') };
    env = { ...process.env, ...own, TMPDIR: dir, KPT_FN_WASM_RUNTIME: 'nodejs' };
    access = accessFrom(own);
    makePackage('p', '');
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  function makePackage(name: string, pipeline: string): void {
    mkdirSync(join(dir, name), { recursive: true });
    writeFileSync(join(dir, name, 'Kptfile'), KPTFILE + pipeline);
    writeFileSync(join(dir, name, 'cm.yaml'), CM);
  }
  const files = (name: string) =>
    Object.fromEntries(readdirSync(join(dir, name)).map((file) => [file, readFileSync(join(dir, name, file), 'utf8')]));
  const run = (file: string, ...args: readonly string[]) => spawnSync(file, args, { cwd: dir, env, encoding: 'utf8' });
  const kwasm = (...args: readonly string[]) => run(process.execPath, MAIN, 'fn', ...args);

  async function pushed(
    goos: 'js' | 'wasip1',
    format: 'kpt' | 'cncf',
    toolchain?: string,
  ): Promise<string | undefined> {
    const guest = goGuest('modes', { goos, ...(toolchain === undefined ? {} : { toolchain }) });
    if (guest === undefined) return undefined;
    const reference = `${registry.host}/fn/${goos}-${format}:v1`;
    await pushModule('f.wasm', readFileSync(guest), reference, access, { format });
    return reference;
  }

  // The CNCF's artifact knows no js.
  for (const [goos, format] of [
    ['js', 'kpt'],
    ['wasip1', 'kpt'],
    ['wasip1', 'cncf'],
  ] as const) {
    it(`eval and render, ${goos} as ${format}'s artifact`, async function () {
      const image = (await pushed(goos, format)) ?? this.skip();
      const evaluated = kwasm('eval', 'p', '--image', image, '--', 'mode=count');
      expect(evaluated.stderr).to.contain(`[PASS] "${image}"`);
      expect(evaluated.status).to.equal(0);
      expect(files('p')['cm.yaml']).to.equal(CM.replace('touched: ', 'touched: +'));

      makePackage('q', `pipeline:\n  mutators:\n  - image: ${image}\n    configMap: {mode: count}\n`);
      expect(kwasm('render', 'q', '--results-dir', 'r').status).to.equal(0);
      expect(files('q')['cm.yaml']).to.equal(CM.replace('touched: ', 'touched: +'));
      expect(files('r')['results.yaml']).to.contain(`  - image: ${image}\n    exitCode: 0\n`);
    });
  }

  it('what fails leaves the package, ends with 1, and says why', async function () {
    const image = (await pushed('wasip1', 'cncf')) ?? this.skip();
    const before = files('p');
    const ended = kwasm('eval', 'p', '--image', image, '--results-dir', 'r', '--', 'mode=exit7');
    expect([ended.status, ended.stdout]).to.deep.equal([1, '']);
    expect(ended.stderr).to.contain('  Exit code: 7\n').and.to.contain('"leaving with seven"');
    expect(files('p')).to.deep.equal(before);
    expect(files('r')['results.yaml']).to.contain('exitCode: 7\n');
  });

  it('an image that is none is named before anything runs', () => {
    const image = `${registry.host}/fn/none:v1`;
    makePackage('p', `pipeline:\n  mutators:\n  - exec: /bin/cat\n  - image: ${image}\n`);
    const before = files('p');
    const ended = kwasm('render', 'p', '--allow-exec');
    expect(ended.status).to.equal(1);
    expect(ended.stderr).to.contain(image).and.to.not.contain('[RUNNING]');
    expect(files('p')).to.deep.equal(before);
  });

  it('--image-pull-policy IfNotPresent: the tag as it was; Always: as it is', async function () {
    const image = (await pushed('wasip1', 'kpt')) ?? this.skip();
    const other = goGuest('modes', { goos: 'js' }) ?? this.skip();
    const takes = (...flags: string[]) => kwasm('eval', 'p', '--image', image, ...flags, '--', 'mode=raw');
    expect(takes('--image-pull-policy', 'Never').stderr).to.contain('no registry may be asked');
    expect(takes().stderr).to.contain('[FAIL]').and.to.not.contain('no mode'); // a mode of wasip1: its answer is no list
    await pushModule('f.wasm', readFileSync(other), image, access, { format: 'kpt' });
    expect(takes('--image-pull-policy', 'IfNotPresent').stderr).to.not.contain('no mode');
    expect(takes().stderr).to.contain('no mode "raw"');
  });

  describe('kpt', () => {
    const kpt = process.env['KWASM_PEER_KPT'];
    before(function () {
      if (kpt === undefined) this.skip();
    });

    it('takes the same function from the same place, and both write the same bytes', async function () {
      const image = (await pushed('js', 'kpt', 'go1.20.14')) ?? this.skip();
      const pipeline = `pipeline:\n  mutators:\n  - image: ${image}\n    configMap: {mode: add}\n`;
      makePackage('theirs', pipeline);
      cpSync(join(dir, 'theirs'), join(dir, 'ours'), { recursive: true });
      const steps = [
        ['render', '--allow-alpha-wasm'],
        ['eval', '--allow-alpha-wasm', '--image', image, '--', 'mode=count'],
      ];
      for (const [command = '', ...flags] of steps) {
        const theirs = run(kpt ?? '', 'fn', command, 'theirs', ...flags);
        expect(theirs.status, theirs.stderr).to.equal(0);
        expect(kwasm(command, 'ours', ...flags).status).to.equal(0);
        expect(files('ours')).to.deep.equal(files('theirs'));
      }
      expect(files('ours')['cm.yaml']).to.equal(
        `${CM.replace('touched: ', 'touched: +')}added: {b: "x: y", a: [1, 2]}\n`,
      );
    });
  });
});
