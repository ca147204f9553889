import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { aptGet } from './packages.ts';

describe('packages of the system', () => {
  const real = existsSync('/usr/bin/apt-get') ? it : it.skip;
  let lists: string;
  let other: ChildProcess | undefined;
  beforeEach(() => {
    lists = mkdtempSync(join(tmpdir(), 'kwasm-apt-'));
    mkdirSync(join(lists, 'partial'));
  });
  afterEach(() => {
    other?.kill();
    rmSync(lists, { recursive: true });
  });

  /** An `apt-get update` of no source, over lists of the test's own. */
  const update = () => [
    ...['-o', `Dir::State::Lists=${lists}`, '-o', 'APT::Sandbox::User=root'],
    ...['-o', 'Dir::Etc::SourceList=/dev/null', '-o', 'Dir::Etc::SourceParts=/dev/null'],
    ...['-o', `Dir::Cache=${lists}`, 'update', '-q'],
  ];

  real('wait for another apt-get, which itself does not wait', async () => {
    other = await holderOf(join(lists, 'lock'));
    const said: string[] = [];
    const say = (line: string) => {
      said.push(line);
      other?.kill(); // it ends once we wait for it
    };
    await aptGet(update(), { say });
    expect(said).to.deep.equal(['  ... waiting for another apt-get of this machine']);
  });

  real('do not wait for what another end would not mend', async () => {
    const said: string[] = [];
    const failure = await aptGet(['no-such-command'], { say: (line) => said.push(line) }).catch(String);
    expect(failure).to.contain('no-such-command');
    expect(said).to.deep.equal([]);
  });

  real('end when they are told to', async () => {
    other = await holderOf(join(lists, 'lock'));
    const stop = new AbortController();
    const end = aptGet(update(), { say: () => stop.abort(new Error('stopped')), signal: stop.signal }).catch(String);
    expect(await end).to.contain('Abort');
  });
});

/** Holds the file with fcntl(2), as apt-get does; perl is essential on Debian. */
async function holderOf(file: string) {
  const script =
    'open F, ">", $ARGV[0]; my $lock = pack("s s x4 q q i x4", 1, 0, 0, 0, 0); fcntl(F, 6, $lock) or die; $| = 1; print "held"; sleep';
  const holder = spawn('perl', ['-e', script, file], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(holder.stdout, 'data');
  return holder;
}
