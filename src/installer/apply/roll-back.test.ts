import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { LIMITS, playInstall } from './sample-machine.ts';

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
