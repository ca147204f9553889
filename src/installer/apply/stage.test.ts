import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { type Host, openHost } from '../host.ts';
import { wasmtime } from '../plan/sample-facts.ts';
import { shimPath } from '../plan/shim.ts';
import { runningShims, stageShims, unstage } from './stage.ts';
import { tidyState, writeRecord } from './transaction.ts';

const program = Buffer.alloc(64);
program.write('\x7fELF', 'latin1');
program[4] = 2;
program.writeUInt16LE(62, 18);
const shim = { ...wasmtime, sha256: createHash('sha256').update(program).digest('hex') };
const PREFIX = '/opt/kwasm';
const TARGET = shimPath(shim, PREFIX);

describe('shims that are staged', () => {
  let root: string;
  let host: Host;
  const assets = () => join(root, 'assets');
  const there = () => existsSync(join(root, TARGET));
  const stage = (staged: string[] = []) => stageShims(host, assets(), [shim], PREFIX, staged);

  beforeEach(function () {
    if (process.getuid?.() !== 0) this.skip(); // they are made root's
    root = mkdtempSync(join(tmpdir(), 'kwasm-stage-'));
    for (const directory of ['assets', 'proc', 'opt', 'var/lib']) mkdirSync(join(root, directory), { recursive: true });
    writeFileSync(join(assets(), shim.file), program);
    const done = { exitCode: 0, timedOut: false, stdout: '', stderr: '', why: '' };
    host = { ...openHost(root, join(root, 'proc')), run: async () => done };
  });
  afterEach(() => {
    if (root !== undefined) rmSync(root, { recursive: true, force: true });
  });

  it('by a run that died go with the next, and all that it left beside them', async () => {
    await stage();
    writeFileSync(`${join(root, TARGET)}.new`, 'half of it');
    tidyState(host);
    expect(readdirSync(join(root, 'opt'))).to.deep.equal([]);
    expect(readdirSync(join(root, 'var/lib'))).to.deep.equal([]);
  });

  it('are removed each by itself, whatever a list says', async () => {
    await stage();
    for (const said of ['/opt/kwasm', '/opt/kwasm/shims', '/opt/kwasm/shims/wasmtime', '/etc/x/0123456789abcdef/y']) {
      writeFileSync(join(root, 'var/lib/kwasm/staged'), `${said}\n`);
      tidyState(host);
      expect(there(), said).to.equal(true);
      mkdirSync(join(root, 'var/lib/kwasm'), { recursive: true });
    }
  });

  it('by a run that ended in order stay, also where somebody has cleared our directory since: they are in use', async () => {
    await stage();
    await writeRecord(host, []);
    rmSync(join(root, 'var/lib/kwasm'), { recursive: true, force: true });
    tidyState(host);
    expect(there()).to.equal(true);
  });

  it('stay while a change is not ended, whose files may name them', async () => {
    await stage();
    mkdirSync(join(root, 'var/lib/kwasm/txn/1-a'), { recursive: true });
    tidyState(host);
    expect(there()).to.equal(true);
  });

  it('are known to run also where /opt is a link, as on ostree', async () => {
    rmSync(join(root, 'opt'), { recursive: true });
    mkdirSync(join(root, 'var/opt'));
    symlinkSync('var/opt', join(root, 'opt'));
    await stage();
    mkdirSync(join(root, 'proc/77'));
    symlinkSync(`/var${TARGET}`, join(root, 'proc/77/exe'));
    expect(runningShims(host)).to.deep.equal([77]);
    tidyState(host);
    expect(there()).to.equal(true);
  });

  it('are taken back by the run itself, but for one that was there and is only mended', async () => {
    const staged: string[] = [];
    await stage(staged);
    expect(staged).to.deep.equal([TARGET]);
    unstage(host, staged);
    expect(readdirSync(join(root, 'opt'))).to.deep.equal([]);
    mkdirSync(dirname(join(root, TARGET)), { recursive: true });
    writeFileSync(join(root, TARGET), 'bits that have rotted');
    const mended: string[] = [];
    await stage(mended);
    expect(mended).to.deep.equal([]);
  });
});
