import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { Failure } from '../failure.ts';
import { type Host, openHost } from '../host.ts';
import { takeLock } from './lock.ts';

describe('the lock', () => {
  let root: string;
  let host: Host;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'kwasm-lock-'));
    mkdirSync(join(root, 'run'));
    host = openHost(root);
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  it('is held by one run at a time, and free again after it', async () => {
    const first = await takeLock(host);
    const second = await takeLock(host).then(
      () => 'taken',
      (error: unknown) => error,
    );
    expect(second).to.be.instanceOf(Failure).and.have.property('reason', 'Locked');
    await first.release();
    expect(existsSync(join(root, 'run/kwasm.lock'))).to.equal(false);
    await (await takeLock(host)).release();
  });

  it('that cannot be made is not said to be held by another', async () => {
    rmSync(join(root, 'run'), { recursive: true });
    const error: unknown = await takeLock(host).catch((cause: unknown) => cause);
    expect(error)
      .to.be.an('error')
      .with.property('message')
      .that.matches(/\/run\/kwasm\.lock cannot be made/);
    expect(error).to.not.have.property('reason', 'Locked');
  });
});
