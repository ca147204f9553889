import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { execa, execaSync } from 'execa';
import { getAttribute, setAttribute } from '../../../scripts/testing/attributes.ts';
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
  'show -p MainPID '*) echo MainPID=7 ;;
  'is-active '*) cat "$state/active" ;;
  'reset-failed '*) ;;
  '--no-block restart '*)
    echo restart >>"$state/log"
    if [ -e "$state/refuses" ]; then echo failed >"$state/active"; else
      echo active >"$state/active"; echo new >"$state/invocation"
      if [ -e "$state/next" ]; then cp "$state/next" "$KWASM_RESTORE_PROC/12/stat"; fi; fi ;;
  *) echo "unexpected: $*" >&2; exit 1 ;;
esac
`;

async function untilEqual(look: () => unknown, wanted: unknown): Promise<void> {
  while (look() !== wanted) await new Promise((done) => setTimeout(done, 20));
}

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
    put(join(txn, 'reload'), 'unit\n');
    put(join(txn, 'start'), 'old\n');
    put(join(txn, 'wait'), '90\n');
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
  const env = () => ({
    PATH: `${join(root, 'bin')}:${process.env['PATH']}`,
    UNIT_STATE: unit,
    KWASM_RESTORE_WAIT_SECONDS: '1',
    KWASM_RESTORE_RELOAD_SECONDS: '3',
    KWASM_RESTORE_STEADY_SECONDS: '1',
    KWASM_RESTORE_PROC: join(root, 'proc'),
  });
  const start = () => execa('sh', [SCRIPT, txn, 'deadman'], { reject: false, env: env() });
  function run(shell = 'sh', who = 'deadman') {
    const done = execaSync(shell, [SCRIPT, txn, who], { reject: false, env: env() });
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

  it('gives back owner, mode and times, also where the copy beside the file is gone', () => {
    changedAndLoaded();
    chmodSync(join(txn, 'before/0'), 0o604);
    if (process.getuid?.() === 0) chownSync(join(txn, 'before/0'), 12, 34);
    const was = statSync(join(txn, 'before/0'));
    run();
    const is = statSync(config());
    expect([is.mode, is.uid, is.gid, is.mtimeMs]).to.deep.equal([was.mode, was.uid, was.gid, was.mtimeMs]);
  });

  /** SELinux's label is an attribute like another where there is no SELinux; setting it takes root. */
  const attributes = { 'user.theirs': 'kept', 'security.selinux': 'system_u:object_r:container_config_t:s0' };

  for (const [what, edited] of [
    ['puts back', 'version = 2\nours\n'],
    ['takes our part out of', 'version = 2\n# theirs\n# BEGIN kwasm\nours\n# END kwasm\n'],
  ] as const) {
    it(`keeps the extended attributes of a file that it ${what}`, () => {
      changedAndLoaded();
      put(config(), edited);
      const source = edited.includes('theirs') ? config() : join(txn, 'before/0');
      const set = Object.entries(attributes).filter(([name, value]) => setAttribute(source, name, value));
      expect(
        set.map(([name]) => name),
        'the file system of the temporary directory',
      ).to.include('user.theirs');
      run();
      expect(read(config())).to.not.contain('ours');
      for (const [name, value] of set) expect(getAttribute(config(), name), name).to.equal(value);
    });
  }

  it('takes half a write away that a killed installer left', () => {
    changedAndLoaded();
    put(join(dirname(config()), '.config.toml.kwasm-new'), 'vers');
    run();
    expect(readdirSync(dirname(config()))).to.deep.equal(['config.toml']);
  });

  describe('at boot', () => {
    it('does not wait for a daemon that itself waits for it', () => {
      changedAndLoaded();
      put(join(unit, 'active'), 'inactive\n');
      expect(run('sh', 'boot').code).to.equal(0);
      expect(restarts()).to.equal(0);
      expect(read(config())).to.equal('version = 2\n');
      expect(outcome()).to.equal('rolledBack boot');
    });

    it('restarts one that runs already, which has read the change', () => {
      changedAndLoaded();
      expect(run('sh', 'boot').code).to.equal(0);
      expect(restarts()).to.equal(1);
    });

    it('leaves a commit alone, and is not asked again', () => {
      changedAndLoaded();
      put(join(txn, 'decision'), 'commit\n');
      expect(run('sh', 'boot').code).to.equal(0);
      expect(read(config())).to.equal('version = 2\nours\n');
      expect(readdirSync(join(root, 'state/pending'))).to.deep.equal([]);
    });
  });

  it('says how it ended although there is no room for another file', () => {
    changedAndLoaded();
    put(join(txn, 'decision.rollback'), 'rollback\n');
    put(join(txn, 'outcome.deadman'), 'rolledBack deadman\n');
    run();
    // Links, not writes.
    expect(statSync(join(txn, 'outcome')).ino).to.equal(statSync(join(txn, 'outcome.deadman')).ino);
    expect(statSync(join(txn, 'decision')).ino).to.equal(statSync(join(txn, 'decision.rollback')).ino);
  });

  it('run twice at the same time restores and restarts once', async () => {
    changedAndLoaded();
    const both = await Promise.all([start(), start()]);
    expect(both.map(({ exitCode }) => exitCode)).to.deep.equal([0, 0]);
    expect(restarts()).to.equal(1);
    expect(outcome()).to.equal('rolledBack deadman');
  });

  it('flushes what it writes, and nothing else: a disk or a file server that does not answer is not waited for', () => {
    put(join(root, 'bin/sync'), '#!/bin/sh\n[ $# -gt 0 ] || set everything\necho "$*" >>"$UNIT_STATE/flushed"\n');
    chmodSync(join(root, 'bin/sync'), 0o755);
    changedAndLoaded();
    run();
    const flushed = (read(join(unit, 'flushed')) ?? '').split('\n').filter(Boolean);
    expect(flushed).to.not.include('everything');
    expect(flushed).to.include.members([dirname(config()), join(root, 'etc/conf.d'), '.', '../../pending']);
    expect(flushed.some((path) => path.endsWith(`.kwasm-${ID}-0.before`))).to.equal(true);
  });

  it('waits for another that is at work as long as that may take, and not less', () => {
    put(join(root, 'bin/flock'), '#!/bin/sh\necho "$*" >"$UNIT_STATE/flock"\n');
    chmodSync(join(root, 'bin/flock'), 0o755);
    put(join(txn, 'wait'), '270\n');
    run();
    const seconds = Number(/^-w (\d+) 9$/.exec(read(join(unit, 'flock'))?.trim() ?? '')?.[1]);
    expect(seconds).to.be.greaterThan(270 + 45);
  });

  describe('on a systemd before 232, which counts no invocations', () => {
    beforeEach(() => {
      const old = SYSTEMCTL.replace('echo "InvocationID=$(cat "$state/invocation")"', 'true').replace(
        "'show -p MainPID '*)",
        `'show -p ExecMainStartTimestampMonotonic '*) echo "ExecMainStartTimestampMonotonic=$(cat "$state/invocation")" ;;\n  'show -p MainPID '*)`,
      );
      put(join(root, 'bin/systemctl'), old);
      put(join(unit, 'invocation'), '100\n');
      put(join(txn, 'start'), '100\n');
    });

    it('tells a daemon that has read the change by the time of its start', () => {
      changedAndLoaded();
      put(join(unit, 'invocation'), '200\n');
      expect(run().code).to.equal(0);
      expect(restarts()).to.equal(1);
    });

    it('leaves one alone that has not', () => {
      put(config(), 'version = 2\nours\n');
      expect(run().code).to.equal(0);
      expect(restarts()).to.equal(0);
    });
  });

  it('does nothing where nothing had been prepared', () => {
    rmSync(join(txn, 'files'));
    put(config(), 'version = 2\n');
    expect(run().code).to.equal(0);
    expect(read(config())).to.equal('version = 2\n');
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
    ['its own block out of a file', 'a\n\n# BEGIN kwasm: x\nours\n# END kwasm\nb\n', 'a\nb\n'],
    [
      'its block, and no blank line of theirs,',
      '\n\na\n\n\n\n# BEGIN kwasm: x\no\n# END kwasm\n\nb\n',
      '\n\na\n\n\n\nb\n',
    ],
    ['its block with line breaks of two', 'a\r\n\r\n# BEGIN kwasm: x\r\no\r\n# END kwasm\r\nb\r\n', 'a\r\nb\r\n'],
    [
      'its own import line',
      'imports = ["/etc/containerd/kwasm.d/*.toml"] # added by kwasm, removed on uninstall\na\n',
      'a\n',
    ],
    ['its entry in a list', 'imports = ["x", "/etc/containerd/kwasm.d/*.toml"]\na\n', 'imports = ["x"]\na\n'],
    ['its entry in a list that was empty', 'imports = ["/etc/containerd/kwasm.d/*.toml"]\na\n', 'imports = []\na\n'],
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

  it('takes no file of theirs for a new one because of blanks in its name', () => {
    const odd = join(root, 'etc/ theirs ');
    put(odd, 'kept');
    put(join(txn, 'listing/0'), 'config.toml\n theirs \n');
    put(join(txn, 'watched'), `0 ${dirname(config())}\n`);
    run();
    expect(read(odd)).to.equal('kept');
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

  it('ends whatever still runs in the pod of a third-party installer, but for the guard', async () => {
    const uid = '11111111-2222-3333-4444-555555555555';
    const groups = {
      theirs: `12:pids:/kubepods/besteffort/pod${uid}/aaa\n1:name=systemd:/kubepods/besteffort/pod${uid}/aaa\n`,
      escaped: `0::/kubepods.slice/kubepods-pod${uid.replaceAll('-', '_')}.slice/cri-containerd-bbb.scope\n`,
      guard: `12:pids:/kubepods/besteffort/pod${uid}/ccc\n`,
      other: '0::/kubepods/besteffort/pod99999999-2222-3333-4444-555555555555/ddd\n',
      host: '0::/system.slice/containerd.service\n',
    };
    const children = Object.entries(groups).map(([name, group]) => {
      const child = execa('sleep', ['60'], { reject: false });
      mkdirSync(join(root, 'proc', String(child.pid)), { recursive: true });
      put(join(root, 'proc', String(child.pid), 'cgroup'), group);
      return { name, child };
    });
    put(join(txn, 'pod'), `${uid}\n`);
    put(join(txn, 'spared'), `/kubepods/besteffort/pod${uid}/ccc\n`);
    run();
    for (const { child } of children) child.kill();
    const ended = await Promise.all(children.map(async ({ name, child }) => `${name} ${(await child).signal}`));
    expect(ended.slice(0, 2)).to.deep.equal(['theirs SIGKILL', 'escaped SIGKILL']);
    expect(ended.slice(2).every((line) => line.endsWith('SIGTERM'))).to.equal(true);
  });

  it('does not touch processes of another boot, whose numbers and pods are others', async () => {
    const child = execa('sleep', ['60'], { reject: false });
    put(join(txn, 'sandbox'), `${child.pid} ${startTicks(openHost('/'), child.pid ?? 0)}\n`);
    put(join(txn, 'boot'), 'another\n');
    run();
    child.kill();
    expect((await child).signal).to.equal('SIGTERM');
  });

  describe('where the parent of the daemon watches the directory', () => {
    const stat = () => join(root, 'proc/12/stat');
    const staging = () => join(root, 'etc');
    /** The 2nd and the 20th field behind the name are the parent and when it began. */
    const daemonSince = (ticks: number) => `12 (containerd) S 7 ${'0 '.repeat(17)}${ticks} 0 0\n`;

    beforeEach(() => {
      mkdirSync(dirname(stat()), { recursive: true });
      mkdirSync(join(root, 'proc/13'));
      put(join(root, 'proc/13/stat'), `13 (another (containerd) S 8 ${'0 '.repeat(17)}1 0 0\n`);
      put(stat(), daemonSince(100));
      put(join(txn, 'reload'), 'watched\n');
      put(join(txn, 'start'), '12 100\n');
      put(join(txn, 'staging'), `${staging()}\n`);
      put(join(txn, 'files'), `0 file file ${dropIn()}\n`);
      put(dropIn(), 'version = 2\nours\n');
    });

    it('puts the file back and waits until it has restarted the daemon; the unit is left alone', async () => {
      const running = start();
      await untilEqual(() => read(dropIn()), 'version = 2\n');
      put(stat(), daemonSince(200));
      expect((await running).exitCode).to.equal(0);
      expect(outcome()).to.equal('rolledBack deadman');
      expect(restarts()).to.equal(0);
      expect(readdirSync(dirname(dropIn()))).to.deep.equal(['kwasm.toml']);
    });

    it('writes its temporary files elsewhere', async () => {
      const watched: string[] = [];
      const watcher = watch(dirname(dropIn()), (_, name) => watched.push(String(name)));
      run();
      await new Promise((done) => setTimeout(done, 100));
      watcher.close();
      expect([...new Set(watched)]).to.deep.equal(['kwasm.toml']);
    });

    it('restarts the unit of a parent that sees nothing', () => {
      put(join(unit, 'next'), daemonSince(300));
      expect(run().code).to.equal(0);
      expect(restarts()).to.equal(1);
      expect(outcome()).to.equal('rolledBack deadman');
    });

    it('waits for nothing when the change had not been written', () => {
      put(dropIn(), 'version = 2\n');
      expect(run().said).to.not.contain('waiting');
      expect(outcome()).to.equal('rolledBack deadman');
    });

    it("waits for nothing when somebody else's file holds nothing of ours", () => {
      put(dropIn(), 'version = 2\ntheirs\n');
      expect(run().said).to.not.contain('waiting');
      expect(read(dropIn())).to.equal('version = 2\ntheirs\n');
    });

    it('takes the daemon that stays, after an earlier run that was cut short', () => {
      put(dropIn(), 'version = 2\n');
      put(stat(), daemonSince(200));
      expect(run().code).to.equal(0);
      expect(restarts()).to.equal(0);
    });

    it('says that no daemon came back', () => {
      rmSync(stat());
      expect(run().code).to.equal(1);
      expect(outcome()).to.match(/^broken deadman: containerd\.service is active 1 s after its restart/);
    });
  });

  it('copes with spaces in a path', () => {
    const odd = join(root, 'etc/a b.toml');
    put(join(txn, 'files'), `0 file file ${odd}\n`);
    put(odd, 'version = 2\nours\n');
    run();
    expect(read(odd)).to.equal('version = 2\n');
  });
});
