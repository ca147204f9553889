import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { openHost } from '../host.ts';
import { LIMITS, playInstall } from './sample-machine.ts';
import { runRestore } from './switch.ts';

describe('a containerd that hangs before we have restarted it', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'kwasm-hangs-'));
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  it('is not our doing: the files are put back, it is not restarted, and the node is not called broken', async () => {
    const { ended, message, restartedAtMs, tookMs } = await playInstall(root, 'hangs before its restart');
    expect(ended).to.equal('rolledBack NoAnswer');
    expect(message).to.contain('nobody has restarted since');
    expect(restartedAtMs).to.equal(-1);
    expect(tookMs).to.be.at.most(LIMITS.verifyMs + 1000);
    expect(readdirSync(join(root, 'var/lib/kwasm/txn'))).to.deep.equal([]);
  });
});

describe('a systemd that does not answer for a moment', () => {
  it('is waited for: a good change is not undone for that', async () => {
    const root = mkdtempSync(join(tmpdir(), 'kwasm-silent-'));
    try {
      expect(await playInstall(root, 'systemd is silent for a while')).to.include({ ended: 'committed', message: '' });
    } finally {
      rmSync(root, { recursive: true, force: true });
    }
  });
});

describe('the restore script', () => {
  const ended = { exitCode: undefined, timedOut: false, stdout: '', stderr: '', why: '' };
  const cases = [
    {
      name: 'that did not end in time says so',
      done: { ...ended, timedOut: true, why: 'no end after 5 s' },
      said: /no end after 5 s$/,
    },
    {
      name: 'that said nothing says how it ended',
      done: { ...ended, exitCode: 3, why: 'exit code 3' },
      said: /restore\.sh: exit code 3$/,
    },
    {
      name: 'that said something says that',
      done: { ...ended, exitCode: 1, stderr: 'no room\n', why: 'no room' },
      said: /^no room$/,
    },
  ];
  for (const { name, done, said } of cases) {
    it(name, async () => {
      const host = { ...openHost('/nowhere'), run: async () => done };
      expect(await runRestore(host, '1-a', 5_000)).to.match(said);
    });
  }
});
