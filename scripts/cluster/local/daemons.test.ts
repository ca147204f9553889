import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { messageOf } from '../../../src/errors.ts';
import { silent } from '../progress.ts';
import { ensureDaemon } from './daemons.ts';
import { kill, running } from './processes.ts';

describe('programs on this machine', function () {
  this.timeout(20_000);
  let dir: string;
  const said: string[] = [];
  const context = { progress: { ...silent, say: (line: string) => said.push(line) } };
  const shell = (role: string, script: string) => ({ role, file: '/bin/sh', args: ['-c', script] });

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'kwasm-daemons-'));
    said.length = 0;
  });

  afterEach(async () => {
    await kill(dir);
    rmSync(dir, { recursive: true });
  });

  it('are started again when they end before they answer, which is said with their last words', async () => {
    const script = `cd ${dir}; if mkdir first; then echo no data yet; exit 1; fi; touch up; exec sleep 60`;
    await ensureDaemon(dir, shell('store', script), async () => existsSync(join(dir, 'up')), context);
    expect(running(dir, 'store')).to.have.length(1);
    expect(said.join('\n')).to.match(/store ended and is started again; .*\nno data yet/);
  });

  it('are given up when they end each time, with the last words also of what they stand on', async () => {
    mkdirSync(join(dir, 'logs'));
    writeFileSync(join(dir, 'logs', 'store.log'), 'the disk is full\n');
    const ensured = ensureDaemon(dir, shell('server', 'echo no store; exit 1'), async () => false, context);
    const failure = await ensured.then(() => 'none', messageOf);
    expect(failure).to.include('server ended 3 times');
    expect(failure).to.include("the end of store's log:\nthe disk is full");
    expect(failure).to.include("the end of server's log:\nno store");
  });
});
