import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { openHost } from '../host.ts';
import { LIMITS, playInstall } from './sample-machine.ts';
import { serviceState } from './service.ts';
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

describe('a roll-back that does not end in time', () => {
  it("is left to the host's timer, which is not stopped", async () => {
    const root = mkdtempSync(join(tmpdir(), 'kwasm-unended-'));
    try {
      const played = await playInstall(root, 'comes back late, and the restore script does not end in time');
      expect(played).to.include({ ended: 'broken RestartFailed', armed: true });
      expect(played.message).to.contain('no end after 30 s').and.to.contain('timer');
      expect((await playInstall(root, 'comes back late')).armed).to.equal(false);
    } finally {
      rmSync(root, { recursive: true, force: true });
    }
  });
});

describe('the start of a daemon', () => {
  const service = { unit: 'containerd.service', socket: '/run/c.sock', reload: 'unit' } as const;
  for (const [name, said, start] of [
    ['is the number that systemd gives it', 'InvocationID=0a1b\nExecMainStartTimestampMonotonic=77\n', '0a1b'],
    ['is its time on a systemd before 232, as on Amazon Linux 2', 'ExecMainStartTimestampMonotonic=77\n', '77'],
    ['is none while there is none', 'InvocationID=\nExecMainStartTimestampMonotonic=0\n', ''],
  ] as const) {
    it(name, async () => {
      const stdout = `ActiveState=active\nMainPID=42\n${said}`;
      const host = {
        ...openHost('/nowhere'),
        run: async () => ({ exitCode: 0, timedOut: false, stdout, stderr: '', why: '' }),
      };
      expect((await serviceState(host, service)).start).to.equal(start);
    });
  }
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
