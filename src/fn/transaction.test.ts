import { spawnSync } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { build } from 'esbuild';
import fc from 'fast-check';
import { Disk, type FileChange } from '../../scripts/testing/power-cut.ts';
import { JOURNAL } from './package-journal.ts';
import { readPackage } from './package-reader.ts';
import { Workshop } from './testing.ts';
import { applyChanges } from './transaction.ts';

const BEFORE = { 'p/a.yaml': 'a: 1\n', 'p/b.yaml': 'b: 1\n', 'p/sub/c.yaml': 'c: 1\n', 'p/note.txt': 'mine\n' };
const AFTER = {
  'a.yaml': 'a: 2\n',
  'new.yaml': 'n: 2\n',
  'note.txt': 'mine\n',
  'sub/c.yaml': 'c: 2\n',
  'x/y/z.yaml': 'z: 2\n',
};
const CHANGES = {
  writes: { 'a.yaml': 'a: 2\n', 'new.yaml': 'n: 2\n', 'sub/c.yaml': 'c: 2\n', 'x/y/z.yaml': 'z: 2\n' },
  deletes: ['b.yaml'],
};
const OLD = Object.fromEntries(Object.entries(BEFORE).map(([path, text]) => [path.slice(2), text]));
describe('writing a package', function () {
  this.timeout(120_000);
  let shop: Workshop;
  /** In one file, which starts in a quarter of the time: it is started a hundred times. */
  const tools = new Workshop();
  const writer = tools.path('killed-writer.mjs');
  const logger = tools.path('logged-writer.mjs');
  /** Where some files are new and some are not. */
  let amidst = 0;

  before(async () => {
    for (const [file, outfile] of [
      ['killed-writer', writer],
      ['logged-writer', logger],
    ] as const) {
      const entry = fileURLToPath(new URL(`../../scripts/testing/${file}.ts`, import.meta.url));
      await build({ entryPoints: [entry], outfile, bundle: true, platform: 'node', format: 'esm', minify: true });
    }
  });
  after(() => tools.remove());
  const fresh = (): void => {
    shop = new Workshop();
    shop.write(BEFORE);
  };
  beforeEach(fresh);
  afterEach(() => shop.remove());

  /** Whether it was killed. */
  const killedAt = (step: number, what: 'write' | 'recover' | 'make', at = 'p'): boolean => {
    const args = [writer, String(step), what, shop.path(at), JSON.stringify(CHANGES)];
    const { signal, status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    if (signal !== 'SIGKILL') expect(status, stderr).to.equal(0);
    return signal === 'SIGKILL';
  };
  const recovered = (): readonly string[] => {
    const told: string[] = [];
    readPackage(shop.path('p'), { subpackages: true, say: (line) => told.push(line) });
    return told;
  };

  it('all of it, and nothing is left beside', () => {
    applyChanges(shop.path('p'), { writes: new Map(Object.entries(CHANGES.writes)), deletes: CHANGES.deletes });
    expect(shop.tree('p')).to.deep.equal(AFTER);
  });

  it('is whole, old or new, after a kill before every step', () => {
    const seen = { old: 0, new: 0 };
    for (let step = 1; killedAt(step, 'write'); step += 1) {
      const left = shop.tree('p');
      if (amidst === 0 && left['a.yaml'] === 'a: 2\n' && left['sub/c.yaml'] === 'c: 1\n') amidst = step;
      const told = recovered();
      const tree = shop.tree('p');
      const isOld = 'b.yaml' in tree;
      expect(tree, `step ${step}`).to.deep.equal(isOld ? OLD : AFTER);
      if (told.length > 0) expect(told[0]).to.contain(isOld ? 'has been undone' : 'is complete');
      seen[isOld ? 'old' : 'new'] += 1;
      shop.remove();
      fresh();
    }
    expect(shop.tree('p'), 'no step was left').to.deep.equal(AFTER);
    expect(seen.old).to.be.greaterThan(20);
    expect(seen.new).to.be.greaterThan(3);
  });

  it('is whole after a recovery that is killed, too', () => {
    for (let step = 1; ; step += 1) {
      expect(killedAt(amidst, 'write')).to.equal(true);
      if (!killedAt(step, 'recover')) {
        expect(step).to.be.greaterThan(8);
        break;
      }
      recovered();
      expect(shop.tree('p'), `step ${step}`).to.deep.equal(OLD);
    }
  });

  /** Every change that a whole write makes, or the recovery of one that was killed. */
  const logOf = (what: 'write' | 'recover'): readonly FileChange[] => {
    const args = [logger, what, shop.path('p'), JSON.stringify(CHANGES)];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    expect(status, stderr).to.equal(0);
    return JSON.parse(stdout);
  };
  /** What is found after a power cut behind each change, where all open names had arrived, or none, or some. */
  const powerCuts = (before: Readonly<Record<string, string>>, log: readonly FileChange[]): readonly string[] => {
    const found: string[] = [];
    const disk = new Disk(before);
    const chosen = fc.sample(fc.infiniteStream(fc.boolean()), { numRuns: 5, seed: 1 });
    const ways = [() => true, () => false, ...chosen.map((stream) => () => stream.next().value ?? false)];
    for (const [i, change] of log.entries()) {
      disk.take(change);
      for (const arrived of disk.open === 0 ? ways.slice(0, 1) : ways) {
        shop.remove();
        shop = new Workshop();
        mkdirSync(shop.path('p'));
        disk.write(shop.path('p'), arrived);
        const left = JSON.stringify(Object.keys(shop.tree('p')));
        recovered();
        const tree = shop.tree('p');
        const is = 'b.yaml' in tree ? OLD : AFTER;
        expect(tree, `behind ${i}, ${JSON.stringify(change)}; left were ${left}`).to.deep.equal(is);
        found.push(is === OLD ? 'old' : 'new');
      }
    }
    return found;
  };

  it('is whole, old or new, after a power cut behind every step', () => {
    const found = powerCuts(OLD, logOf('write'));
    expect(found.filter((is) => is === 'old').length).to.be.greaterThan(50);
    expect(found.filter((is) => is === 'new').length).to.be.greaterThan(20);
    expect(found.at(-1)).to.equal('new');
  });

  it('is whole after a power cut amidst a recovery, too', () => {
    expect(killedAt(amidst, 'write')).to.equal(true);
    const before = shop.tree('p');
    const found = powerCuts(before, logOf('recover'));
    expect(found.length).to.be.greaterThan(20);
    expect(found).not.to.include('new');
  });

  it('leaves a file that was mended meanwhile', () => {
    expect(killedAt(amidst, 'write')).to.equal(true);
    expect(shop.tree('p')['a.yaml']).to.equal('a: 2\n');
    shop.write({ 'p/a.yaml': 'a: mine\n' });
    const told = recovered();
    expect(told.join('\n')).to.match(/undone\na\.yaml: was changed since, and stays; .* is .*a\.yaml\.kwasm-\d+\.old/);
    const { 'a.yaml': a, ...rest } = shop.tree('p');
    expect(a).to.equal('a: mine\n');
    expect(Object.values(rest)).to.include('a: 1\n');
  });

  it('is found below the package that is read, and around it', () => {
    expect(killedAt(amidst, 'write')).to.equal(true);
    const told: string[] = [];
    readPackage(shop.path('p/sub'), { subpackages: false, say: (line) => told.push(line) });
    expect(told).to.have.length(1);
    expect(killedAt(amidst, 'write')).to.equal(true);
    readPackage(shop.directory, { subpackages: true, say: (line) => told.push(line) });
    expect(told).to.have.length(2);
    expect(shop.tree('p')).to.deep.equal(OLD);
  });

  it('is not begun where another one is writing', () => {
    const owner = { pid: process.pid, startedAt: 'other' };
    const journal = { version: 1, owner, changes: [], directories: [] };
    writeFileSync(shop.path(`p/${JOURNAL}`), `${JSON.stringify(journal)}\n`);
    expect(() => applyChanges(shop.path('p'), { writes: new Map([['a.yaml', 'x\n']]), deletes: [] })).to.throw(
      'another kwasm writes to this package',
    );
    expect(shop.tree('p')['a.yaml']).to.equal('a: 1\n');
  });

  it('follows no journal out of the package', () => {
    shop.write({ 'outside.yaml.kwasm-1.old': 'planted\n', 'outside.yaml': 'o: 1\n' });
    symlinkSync(shop.directory, shop.path('p/link'));
    for (const path of ['../outside.yaml', 'link/outside.yaml']) {
      const change = { path, wasThere: true, becomes: null };
      const journal = { version: 1, owner: { pid: 1, startedAt: '-' }, changes: [change], directories: [] };
      writeFileSync(shop.path(`p/${JOURNAL}`), `${JSON.stringify(journal)}\n`);
      expect(recovered).to.throw('outside of package');
      expect(existsSync(shop.path('outside.yaml.kwasm-1.old'))).to.equal(true);
    }
  });

  it('puts everything back after an error on the way, and says what it was', () => {
    shop.write({ 'p/d/inner.yaml': 'i: 1\n' });
    const writes = new Map([
      ['a.yaml', 'a: 2\n'],
      ['d', 'in the way\n'],
    ]);
    expect(() => applyChanges(shop.path('p'), { writes, deletes: [] })).to.throw('d is a directory');
    expect(shop.tree('p')).to.deep.equal({ ...OLD, 'd/inner.yaml': 'i: 1\n' });
    expect(lstatSync(shop.path('p/d')).isDirectory()).to.equal(true);
  });

  it('makes a new directory whole or not at all, and takes away what a killed one has left', () => {
    for (let step = 1; killedAt(step, 'make', 'out'); step += 1) {
      expect(existsSync(shop.path('out')), `step ${step}`).to.equal(false);
      expect(killedAt(0, 'make', 'out')).to.equal(false);
      expect(shop.tree('out'), `step ${step}`).to.deep.equal(CHANGES.writes);
      expect(readdirSync(shop.directory)).to.have.members(['p', 'out']);
      rmSync(shop.path('out'), { recursive: true });
    }
    expect(shop.tree('out'), 'no step was left').to.deep.equal(CHANGES.writes);
  });
});
