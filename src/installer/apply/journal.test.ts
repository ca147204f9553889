import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { type Host, openHost } from '../host.ts';
import { Refusal } from '../refusal.ts';
import { decide, prepareJournal, readDecision, readJournals, removeJournal, transactionDir } from './journal.ts';

const ROOT = '/etc/containerd/config.toml';
const journal = {
  id: '1700000000000-abcd',
  action: 'install' as const,
  bootId: 'b',
  unit: 'containerd.service',
  socket: '/run/containerd/containerd.sock',
  loadConfig: ['/usr/bin/containerd', 'config', 'dump'],
  invocation: 'i',
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

  it('of another version ends the run, and says how to undo it by hand', async () => {
    await prepareJournal(host, journal, files);
    const path = at('journal.json');
    writeFileSync(path, readFileSync(path, 'utf8').replace('"version": 1', '"version": 2'));
    expect(() => readJournals(host)).to.throw(Refusal, /restore\.sh .*abcd manual/);
  });

  describe('the decision', () => {
    beforeEach(() => prepareJournal(host, journal, files));

    it('is open at first', () => expect(readDecision(host, journal.id)).to.equal(undefined));

    for (const [first, second] of [
      ['commit', 'rollback'],
      ['rollback', 'commit'],
    ] as const) {
      it(`is made once: after ${first}, ${second} loses`, () => {
        expect(decide(host, journal.id, first)).to.equal(first);
        expect(decide(host, journal.id, second)).to.equal(first);
        expect(readDecision(host, journal.id)).to.equal(first);
      });
    }

    it('that was cut short by a full disk counts as a roll-back', () => {
      writeFileSync(at('decision'), '');
      expect(decide(host, journal.id, 'commit')).to.equal('rollback');
    });
  });
});
