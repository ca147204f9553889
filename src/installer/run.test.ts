import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { systemClock } from '../clock.ts';
import { jsonLogger } from '../log.ts';
import { readFetchSettings } from './fetch/settings.ts';
import { openHost } from './host.ts';
import { readLimits } from './limits.ts';
import { type Run, withSession } from './run.ts';
import { startSteps } from './steps.ts';

describe('a run', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'kwasm-run-'));
    for (const directory of ['etc', 'run', 'proc/1', 'var/lib/kwasm/txn/1-a'])
      mkdirSync(join(root, directory), { recursive: true });
    symlinkSync(root, join(root, 'proc/1/root'));
    writeFileSync(join(root, 'etc/machine-id'), `${'a'.repeat(32)}\n`);
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  function run(machineId: string): Run {
    const log = jsonLogger('error');
    return {
      host: openHost(root, join(root, 'proc')),
      clock: systemClock,
      log,
      steps: startSteps(systemClock, log),
      limits: readLimits({}),
      signal: new AbortController().signal,
      newId: () => '2-b',
      assets: join(root, 'assets'),
      orders: undefined,
      mounts: join(root, 'shims'),
      fetch: readFetchSettings({}),
      machineId,
      podUid: undefined,
    };
  }
  const never = () => Promise.reject(new Error('reached'));

  it('ends nothing that another machine of the same name has begun', async () => {
    expect(await withSession(run('f'.repeat(32)), 'install', never)).to.include({
      outcome: 'refused',
      reason: 'OtherMachine',
    });
    expect(existsSync(join(root, 'var/lib/kwasm/txn/1-a'))).to.equal(true);
  });

  it('touches nothing where a newer installer has left a change', async () => {
    writeFileSync(join(root, 'var/lib/kwasm/txn/1-a/journal.json'), '{"version": 99}');
    expect(await withSession(run('a'.repeat(32)), 'install', never)).to.include({
      outcome: 'refused',
      reason: 'UnknownJournal',
    });
    expect(existsSync(join(root, 'var/lib/kwasm/txn/1-a/journal.json'))).to.equal(true);
  });

  it('touches nothing where a newer installer has left a record', async () => {
    rmSync(join(root, 'var/lib/kwasm/txn'), { recursive: true });
    mkdirSync(join(root, 'proc/1/net'));
    writeFileSync(join(root, 'proc/1/net/unix'), '');
    writeFileSync(join(root, 'var/lib/kwasm/record.json'), '{"version": 99}');
    expect(await withSession(run('a'.repeat(32)), 'install', never)).to.include({
      outcome: 'refused',
      reason: 'UnknownJournal',
    });
    expect(existsSync(join(root, 'var/lib/kwasm/record.json'))).to.equal(true);
  });
});
