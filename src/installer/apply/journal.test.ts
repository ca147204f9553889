import {
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { type Host, openHost } from '../host.ts';
import { Refusal } from '../refusal.ts';
import { decide, readDecision } from './decision.ts';
import { areAsPlanned, prepareJournal, readJournals, removeJournal, stagedBackup, transactionDir } from './journal.ts';

const ROOT = '/etc/containerd/config.toml';
const journal = {
  id: '1700000000000-abcd',
  action: 'install' as const,
  bootId: 'b',
  unit: 'containerd.service',
  socket: '/run/containerd/containerd.sock',
  loadConfig: ['/usr/bin/containerd', 'config', 'dump'],
  reload: 'unit' as const,
  start: 'i',
  limits: { switchSeconds: 300, verifyMs: 120_000, restoreMs: 120_000 },
  baseline: { handlers: [], sandboxes: [], containers: [] },
  handlers: [],
  gone: [],
  createDirectories: ['/etc/a', '/etc/a/b'],
  removeDirectories: [],
  watched: [],
};
const files = [
  { path: ROOT, before: { kind: 'file', text: 'old\n' }, after: { kind: 'file', text: 'new\n' } },
  { path: '/etc/a/b/kwasm.toml', before: { kind: 'absent' }, after: { kind: 'file', text: 'ours\n' } },
] as const;

describe('the journal', () => {
  let root: string;
  let host: Host;
  const at = (...parts: string[]) => join(root, transactionDir(journal.id), ...parts);

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'kwasm-journal-'));
    host = openHost(root);
    mkdirSync(dirname(join(root, ROOT)), { recursive: true });
    writeFileSync(join(root, ROOT), 'old\n', { mode: 0o640 });
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  it('is written as the restore script reads it, and read back by a later run', async () => {
    const written = await prepareJournal(host, journal, files);
    expect(readFileSync(at('files'), 'utf8')).to.equal(`0 file file ${ROOT}\n1 absent file /etc/a/b/kwasm.toml\n`);
    expect(readFileSync(at('before/0'), 'utf8')).to.equal('old\n');
    expect(readFileSync(at('after/1'), 'utf8')).to.equal('ours\n');
    expect(readFileSync(at('directories'), 'utf8')).to.equal('/etc/a/b\n/etc/a\n');
    expect(readFileSync(at('unit'), 'utf8')).to.equal('containerd.service\n');
    expect(readJournals(host)).to.deep.equal([written]);
    expect(written.stage).to.equal('prepared');
  });

  it('keeps every temporary name out of a directory that is watched', async () => {
    const staging = '/etc/staged';
    mkdirSync(join(root, staging));
    const written = await prepareJournal(host, { ...journal, reload: 'watched', staging }, files);
    expect(readdirSync(dirname(join(root, ROOT)))).to.have.length(1);
    expect(readdirSync(join(root, staging))).to.deep.equal([`.kwasm-${journal.id}-0.before`]);
    expect(readFileSync(at('staging'), 'utf8')).to.equal(`${staging}\n`);
    removeJournal(host, written);
    expect(readdirSync(join(root, staging))).to.deep.equal([]);
  });

  it('is of the file that a link leads to: to put a link back would be to put a file in its place', async () => {
    const link = '/etc/linked/config.toml';
    mkdirSync(join(root, dirname(link)));
    symlinkSync(ROOT, join(root, link));
    const written = await prepareJournal(host, journal, [{ ...files[0], path: link }]);
    expect(written.files.map(({ path }) => path)).to.deep.equal([ROOT]);
    expect(readFileSync(at('files'), 'utf8')).to.equal(`0 file file ${ROOT}\n`);
    expect(readdirSync(dirname(join(root, ROOT)))).to.include(`.kwasm-${journal.id}-0.before`);
    expect(readdirSync(dirname(join(root, link)))).to.deep.equal(['config.toml']);
  });

  it('leaves no trace when it is removed', async () => {
    const written = await prepareJournal(host, journal, files);
    expect(readdirSync(dirname(join(root, ROOT)))).to.have.length(2);
    removeJournal(host, written);
    expect(readdirSync(dirname(join(root, ROOT)))).to.deep.equal(['config.toml']);
    expect(readJournals(host)).to.deep.equal([]);
  });

  it('forgets a preparation that was interrupted before anything live changed', () => {
    mkdirSync(at('before'), { recursive: true });
    expect(readJournals(host)).to.deep.equal([]);
    expect(existsSync(at())).to.equal(false);
  });

  it('forgets it with the copies beside the live files, which only its list knows of', async () => {
    await prepareJournal(host, journal, files);
    rmSync(at('journal.json'));
    expect(existsSync(join(root, stagedBackup(ROOT, journal, 0)))).to.equal(true);
    expect(readJournals(host)).to.deep.equal([]);
    expect(readdirSync(dirname(join(root, ROOT)))).to.deep.equal(['config.toml']);
  });

  it('takes half a write that was killed away with the rest', async () => {
    const written = await prepareJournal(host, journal, files);
    writeFileSync(join(root, '/etc/containerd/.config.toml.kwasm-new'), 'ne');
    removeJournal(host, written);
    expect(readdirSync(dirname(join(root, ROOT)))).to.deep.equal(['config.toml']);
  });

  it('is no journal any more once its removal has begun: without its decision, a commit would be an open change', async () => {
    const written = await prepareJournal(host, journal, files);
    await decide(host, journal.id, 'commit');
    removeJournal(host, written);
    mkdirSync(join(root, '/var/lib/kwasm/ended-1/before'), { recursive: true });
    writeFileSync(join(root, '/var/lib/kwasm/ended-1/journal.json'), '{}');
    expect(readJournals(host)).to.deep.equal([]);
    expect(readdirSync(join(root, '/var/lib/kwasm')).sort()).to.deep.equal(['txn']);
  });

  it('tells whether the live files are what was planned', async () => {
    const written = await prepareJournal(host, journal, files);
    expect(areAsPlanned(host, written)).to.equal(false);
    mkdirSync(join(root, '/etc/a/b'), { recursive: true });
    writeFileSync(join(root, '/etc/a/b/kwasm.toml'), 'ours\n');
    writeFileSync(join(root, ROOT), 'new\n');
    expect(areAsPlanned(host, written)).to.equal(true);
    writeFileSync(join(root, ROOT), 'new\n# theirs\n');
    expect(areAsPlanned(host, written)).to.equal(false);
  });

  it('of release 0.3.0 is read, decided and removed', async () => {
    const old = { ...journal, version: 1, stage: 'restarting', files: [{ path: ROOT, before: 'file', after: 'file' }] };
    mkdirSync(at('before'), { recursive: true });
    writeFileSync(at('journal.json'), JSON.stringify(old));
    writeFileSync(at('files'), `0 file file ${ROOT}\n`);
    const [read] = readJournals(host);
    expect(read).to.deep.equal(old);
    expect(await decide(host, journal.id, 'commit')).to.equal('commit');
    expect(await decide(host, journal.id, 'rollback')).to.equal('commit');
    if (read !== undefined) removeJournal(host, read);
    expect(readJournals(host)).to.deep.equal([]);
  });

  it('that is no JSON ends the run in the same way', async () => {
    await prepareJournal(host, journal, files);
    writeFileSync(at('journal.json'), '{"version": 1, ');
    expect(() => readJournals(host)).to.throw(Refusal, /restore\.sh .*abcd manual/);
  });

  it('of another version ends the run, and says how to undo it by hand', async () => {
    await prepareJournal(host, journal, files);
    const path = at('journal.json');
    writeFileSync(path, readFileSync(path, 'utf8').replace('"version": 1', '"version": 2'));
    expect(() => readJournals(host)).to.throw(Refusal, /restore\.sh .*abcd manual/);
  });

  for (const who of ['manual', 'deadman'])
    it(`that cannot be read is done with once the host has undone it: ${who}`, async () => {
      const written = await prepareJournal(host, journal, files);
      writeFileSync(at('journal.json'), '{"version": 99}');
      writeFileSync(at('outcome'), `broken ${who}: containerd.service is failed\n`);
      expect(() => readJournals(host)).to.throw(Refusal);
      writeFileSync(at('outcome'), `rolledBack ${who}\n`);
      expect(readJournals(host)).to.deep.equal([]);
      expect(existsSync(at())).to.equal(false);
      expect(existsSync(join(root, stagedBackup(ROOT, written, 0)))).to.equal(false);
    });

  describe('the decision', () => {
    beforeEach(() => prepareJournal(host, journal, files));

    it('is open at first', () => expect(readDecision(host, journal.id)).to.equal(undefined));

    for (const [first, second] of [
      ['commit', 'rollback'],
      ['rollback', 'commit'],
    ] as const) {
      it(`is made once: after ${first}, ${second} loses`, async () => {
        expect(await decide(host, journal.id, first)).to.equal(first);
        expect(await decide(host, journal.id, second)).to.equal(first);
        expect(readDecision(host, journal.id)).to.equal(first);
      });
    }

    it('that was cut short by a full disk counts as a roll-back', async () => {
      writeFileSync(at('decision'), '');
      expect(await decide(host, journal.id, 'commit')).to.equal('rollback');
    });

    it('is not overwritten by a later process that got the number of one that died deciding', async () => {
      // Releases before wrote decision.PID and linked it; a process that died then left both names for one file.
      writeFileSync(at(`decision.${process.pid}`), 'commit\n');
      linkSync(at(`decision.${process.pid}`), at('decision'));
      expect(await decide(host, journal.id, 'rollback')).to.equal('commit');
      expect(readFileSync(at('decision'), 'utf8')).to.equal('commit\n');
    });
  });
});
