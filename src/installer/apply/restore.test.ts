import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { execa, execaSync } from 'execa';
import { startTicks } from '../detect/endpoint.ts';
import { openHost } from '../host.ts';

const SCRIPT = fileURLToPath(new URL('restore.sh', import.meta.url));
const ID = '1700000000000-abcd';

/**
 * The script with a real POSIX shell on a tree of its own. Only systemctl is ours: it keeps a unit's state in two files,
 * gives a restarted unit a new invocation, and fails to start it where the test says so.
 */
const SYSTEMCTL = `#!/bin/sh
state=$UNIT_STATE
case "$*" in
  'show -p InvocationID '*) echo "InvocationID=$(cat "$state/invocation")" ;;
  'is-active '*) cat "$state/active" ;;
  'reset-failed '*) ;;
  '--no-block restart '*)
    echo restart >>"$state/log"
    if [ -e "$state/refuses" ]; then echo failed >"$state/active"; else
      echo active >"$state/active"; echo new >"$state/invocation"; fi ;;
  *) echo "unexpected: $*" >&2; exit 1 ;;
esac
`;

describe('restore.sh', () => {
  let root: string;
  let txn: string;
  let unit: string;
  const config = () => join(root, 'etc/config.toml');
  const dropIn = () => join(root, 'etc/conf.d/kwasm.toml');

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'kwasm-restore-'));
    txn = join(root, 'state/txn', ID);
    unit = join(root, 'unit');
    for (const directory of ['etc/conf.d', 'bin', 'unit', 'state/pending'])
      mkdirSync(join(root, directory), { recursive: true });
    for (const part of ['before', 'after', 'listing']) mkdirSync(join(txn, part), { recursive: true });
    writeFileSync(join(root, 'bin/systemctl'), SYSTEMCTL, { mode: 0o755 });
    put(join(unit, 'invocation'), 'old\n');
    put(join(unit, 'active'), 'active\n');
    put(join(txn, 'unit'), 'containerd.service\n');
    put(join(txn, 'invocation'), 'old\n');
    put(join(root, 'state/pending', ID), '');
    // A change of two files: one edited, one new, in a directory that we made.
    put(join(txn, 'before/0'), 'version = 2\n');
    put(join(txn, 'after/0'), 'version = 2\nours\n');
    put(join(txn, 'after/1'), 'drop-in\n');
    put(join(txn, 'files'), `0 file file ${config()}\n1 absent file ${dropIn()}\n`);
    put(join(txn, 'directories'), `${dirname(dropIn())}\n`);
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  function put(path: string, text: string): void {
    writeFileSync(path, text);
  }
  function run(shell = 'sh') {
    const done = execaSync(shell, [SCRIPT, txn, 'deadman'], {
      reject: false,
      env: { PATH: `${join(root, 'bin')}:${process.env['PATH']}`, UNIT_STATE: unit, KWASM_RESTORE_WAIT_SECONDS: '1' },
    });
    return { code: done.exitCode, said: `${done.stdout}${done.stderr}` };
  }
  const read = (path: string): string | undefined => (existsSync(path) ? readFileSync(path, 'utf8') : undefined);
  const outcome = () => read(join(txn, 'outcome'))?.trim();
  const restarts = () => (read(join(unit, 'log')) ?? '').split('\n').filter(Boolean).length;
  const changedAndLoaded = () => {
    put(config(), 'version = 2\nours\n');
    put(dropIn(), 'drop-in\n');
    put(join(unit, 'invocation'), 'after\n');
  };

  it('puts the bytes, the mode and the absence of files back, and restarts the daemon that had read them', () => {
    changedAndLoaded();
    chmodSync(join(txn, 'before/0'), 0o640);
    expect(run().code).to.equal(0);
    expect(read(config())).to.equal('version = 2\n');
    expect(execaSync('stat', ['-c', '%a', config()]).stdout).to.equal('640');
    expect(existsSync(dirname(dropIn()))).to.equal(false);
    expect(outcome()).to.equal('rolledBack deadman');
    expect(restarts()).to.equal(1);
    expect(readdirSync(join(root, 'state/pending'))).to.deep.equal([]);
    expect(readdirSync(dirname(config()))).to.deep.equal(['config.toml']);
  });

  it('leaves a daemon alone that has never read the change', () => {
    put(config(), 'version = 2\nours\n');
    put(dropIn(), 'drop-in\n');
    expect(run().code).to.equal(0);
    expect(restarts()).to.equal(0);
    expect(read(config())).to.equal('version = 2\n');
  });

  it('restarts a daemon that is down, whatever it had read', () => {
    put(config(), 'version = 2\n');
    put(join(unit, 'active'), 'failed\n');
    expect(run().code).to.equal(0);
    expect(restarts()).to.equal(1);
  });

  it('uses the copy beside the file, and takes it away', () => {
    changedAndLoaded();
    const staged = join(dirname(config()), `.kwasm-${ID}-0.before`);
    put(staged, 'version = 2\n');
    const inode = execaSync('stat', ['-c', '%i', staged]).stdout;
    run();
    expect(execaSync('stat', ['-c', '%i', config()]).stdout).to.equal(inode);
    expect(existsSync(staged)).to.equal(false);
  });

  it('does not trust a copy beside the file that is not the backup', () => {
    changedAndLoaded();
    put(join(dirname(config()), `.kwasm-${ID}-0.before`), 'half');
    run();
    expect(read(config())).to.equal('version = 2\n');
  });

  for (const [name, text, left] of [
    ['its own block out of a file', 'a\n\n# BEGIN kwasm: x\nours\n# END kwasm\nb\n', 'a\n\nb\n'],
    ['nothing out of a file without one', 'all new\n', 'all new\n'],
  ] as const) {
    it(`takes only ${name} that somebody else has edited since`, () => {
      changedAndLoaded();
      put(config(), text);
      expect(run().code).to.equal(0);
      expect(read(config())).to.equal(left);
    });
  }

  it('tells apart files that differ only in line breaks at their end', () => {
    changedAndLoaded();
    put(config(), 'version = 2\nours\n\n');
    run();
    expect(read(config())).to.equal('version = 2\nours\n\n');
  });

  it('does nothing once the change is committed', () => {
    changedAndLoaded();
    put(join(txn, 'decision'), 'commit\n');
    expect(run().code).to.equal(0);
    expect(read(config())).to.equal('version = 2\nours\n');
    expect(outcome()).to.equal(undefined);
  });

  it('finishes a roll-back that was interrupted, and is not undone by a later commit', () => {
    changedAndLoaded();
    put(join(txn, 'decision'), 'rollback\n');
    put(config(), 'version = 2\n');
    expect(run().code).to.equal(0);
    expect(existsSync(dropIn())).to.equal(false);
    expect(outcome()).to.equal('rolledBack deadman');
  });

  it('runs once: with an outcome there is nothing more to do', () => {
    changedAndLoaded();
    run();
    changedAndLoadedAgain();
    expect(run().code).to.equal(0);
    expect(read(config())).to.equal('somebody else\n');
    expect(restarts()).to.equal(1);
  });
  const changedAndLoadedAgain = () => put(config(), 'somebody else\n');

  it('says broken, and exits with 1 from then on, when the daemon does not come back', () => {
    changedAndLoaded();
    put(join(unit, 'refuses'), '');
    expect(run().code).to.equal(1);
    expect(outcome()).to.match(/^broken deadman: containerd\.service is failed/);
    expect(read(config()), 'the bytes are back all the same').to.equal('version = 2\n');
    expect(run().code).to.equal(1);
  });

  it('undoes whatever a third-party installer wrote, added or removed', () => {
    const theirs = join(root, 'etc/theirs.toml');
    const removed = join(root, 'etc/removed.toml');
    put(join(txn, 'before/1'), 'kept\n');
    put(
      join(txn, 'files'),
      `0 file any ${config()}\n1 file any ${removed}\n2 absent any ${join(root, 'etc/active')}\n`,
    );
    put(join(txn, 'watched'), `0 ${dirname(config())}\n`);
    put(join(txn, 'listing/0'), 'config.toml\nremoved.toml\nconf.d\n');
    put(config(), 'anything\n');
    put(theirs, 'new\n');
    put(join(root, 'etc/active'), '');
    put(join(unit, 'invocation'), 'after\n');
    expect(run().code).to.equal(0);
    expect(read(config())).to.equal('version = 2\n');
    expect(read(removed)).to.equal('kept\n');
    expect(readdirSync(join(root, 'etc')).sort()).to.deep.equal(['config.toml', 'removed.toml']);
  });

  it('ends the sandbox of a third-party installer, and no other process that got its number', async () => {
    const child = execa('sleep', ['60'], { reject: false });
    const pid = child.pid ?? 0;
    const ticks = startTicks(openHost('/'), pid);
    expect(ticks).to.match(/^\d+$/);
    put(join(txn, 'sandbox'), `${pid} ${Number(ticks) - 1}\n`);
    run();
    expect(existsSync(`/proc/${pid}/stat`)).to.equal(true);
    rmSync(join(txn, 'outcome'));
    put(join(txn, 'sandbox'), `${pid} ${ticks}\n`);
    run();
    expect((await child).signal).to.equal('SIGKILL');
  });

  it('copes with spaces in a path', () => {
    const odd = join(root, 'etc/a b.toml');
    put(join(txn, 'files'), `0 file file ${odd}\n`);
    put(odd, 'version = 2\nours\n');
    run();
    expect(read(odd)).to.equal('version = 2\n');
  });
});
