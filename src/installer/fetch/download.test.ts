import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Dispatcher } from 'undici';
import { type Fault, type FileMirror, startMirror } from '../../../e2e/harness/mirror.ts';
import { systemClock } from '../../clock.ts';
import { silentLogger } from '../../log.ts';
import { Failure } from '../failure.ts';
import { type Downloader, download } from './download.ts';
import { FETCH_LIMITS, type FetchLimits } from './limits.ts';
import { readMirror } from './place.ts';
import { Rejected } from './rejected.ts';
import { openDispatcher } from './request.ts';

const ASSET = '/o/r/releases/download/v1/x.tar.gz';
const URL_OF_IT = `https://github.com${ASSET}`;
const content = randomBytes(300_000);
const sha256 = createHash('sha256').update(content).digest('hex');
const QUICK: FetchLimits = {
  ...FETCH_LIMITS,
  attemptsMax: 4,
  retryDelayMsMin: 1,
  retryDelayMsMax: 5,
  silenceMs: 500,
  paceWindowMs: 300,
};

describe('download', function () {
  this.timeout(20_000);
  let server: FileMirror;
  let root: string;
  let dispatcher: Dispatcher;
  beforeEach(async () => {
    server = await startMirror('127.0.0.1', undefined);
    root = mkdtempSync(join(tmpdir(), 'kwasm-download-'));
    dispatcher = openDispatcher({ httpsProxy: undefined, httpProxy: undefined, noProxy: undefined }, QUICK);
  });
  afterEach(async () => {
    await dispatcher.destroy();
    await server.close();
    rmSync(root, { recursive: true });
  });

  const here = (fault?: Fault) =>
    server.serve(`/github.com${ASSET}`, fault === undefined ? { content } : { content, fault });

  async function run(change: Partial<Downloader> = {}, sizeMax?: number): Promise<Buffer> {
    const to = join(root, 'file');
    await download(
      { url: URL_OF_IT, sha256, sizeMax, to },
      {
        dispatcher,
        mirror: readMirror(server.origin),
        limits: QUICK,
        clock: systemClock,
        random: () => 0.5,
        log: silentLogger(),
        room: () => {},
        signal: new AbortController().signal,
        ...change,
      },
    );
    return readFileSync(to);
  }

  async function problem(change: Partial<Downloader> = {}, sizeMax?: number): Promise<readonly [string, string]> {
    const error: unknown = await run(change, sizeMax).catch((cause: unknown) => cause);
    if (error instanceof Rejected || error instanceof Failure) return [error.reason, error.message];
    throw new Error(`neither refused nor failed: ${String(error)}`);
  }
  const ranges = () => server.requests.flatMap(({ range }) => (range === undefined ? [] : [range]));

  it('brings the file, behind a redirection', async () => {
    here();
    expect((await run()).equals(content)).to.equal(true);
    expect(server.requests.map(({ path }) => path)).to.deep.equal([`/github.com${ASSET}`, `/store/github.com${ASSET}`]);
  });

  it('goes on where the connection broke', async () => {
    here({ kind: 'breaks', afterBytes: 100_000 });
    expect((await run()).equals(content)).to.equal(true);
    expect(new Set(ranges())).to.deep.equal(new Set(['bytes=100000-', 'bytes=200000-']));
  });

  it('starts again where the server has another file by then', async () => {
    here({ kind: 'changes', to: randomBytes(300_000), afterBytes: 100_000 });
    const [reason] = await problem({ limits: { ...QUICK, attemptsMax: 2 } });
    expect(reason).to.equal('DownloadFailed');
    here();
    expect((await run()).equals(content)).to.equal(true);
  });

  it('gives up after so many attempts where the server knows no ranges', async () => {
    here({ kind: 'ignoresRanges', afterBytes: 100_000 });
    const [reason, text] = await problem();
    expect(reason).to.equal('DownloadFailed');
    expect(text).to.match(/4 attempts/);
  });

  it('comes again when a busy server says so', async () => {
    here({ kind: 'busy', times: 2, retryAfter: '0' });
    expect((await run()).equals(content)).to.equal(true);
  });

  const failures: readonly (readonly [name: string, fault: Fault | undefined, reason: string, says: RegExp])[] = [
    ['a busy server', { kind: 'busy', times: 99 }, 'DownloadFailed', /HTTP 503/],
    ['a slow one', { kind: 'slow', bytesPerSecond: 2000 }, 'DownloadFailed', /too slow: \d+ bytes\/s, at least 16384/],
    ['a file cut short', { kind: 'truncated', bytes: 1000 }, 'DigestMismatch', /\(1000 bytes\), ordered is/],
    [
      'a page of 404',
      { kind: 'page', status: 404 },
      'SourceMissing',
      /^https?:\/\/127.*: it answers HTTP 404: it has no such file/,
    ],
    ['a page that wants a login', { kind: 'page', status: 200 }, 'SourceMissing', /a web page instead of the file/],
    ['nothing there', undefined, 'SourceMissing', /HTTP 404/],
    ['a way in a circle', { kind: 'elsewhere', location: '?sig=again' }, 'SourceMissing', /leads on and on/],
    ['a way to another protocol', { kind: 'elsewhere', location: 'file:///etc/passwd' }, 'SourceUntrusted', /no https/],
  ];
  for (const [name, fault, reason, says] of failures) {
    it(`says what is wrong: ${name}`, async () => {
      if (fault !== undefined) here(fault);
      const [found, text] = await problem();
      expect(found).to.equal(reason);
      expect(text).to.match(says).and.not.contain('s3cret');
    });
  }

  it('says what is wrong: a file that is too large, told and untold', async () => {
    here();
    const [reason, text] = await problem({}, 299_999);
    expect(reason).to.equal('ArchiveRejected');
    expect(text).to.match(/^https?:\/\/127\S+: it has 300000 bytes, and 299999 are allowed \(sizeMax\)$/);
    let sent = 0;
    server.serve(`/github.com${ASSET}`, {
      content: async function* () {
        for (; sent < 1_000_000_000; sent += 65_536) yield Buffer.alloc(65_536);
      },
    });
    expect(await problem({}, 1_000_000)).to.satisfy(([reason]: [string]) => reason === 'ArchiveRejected');
    expect(sent).to.be.below(50_000_000);
  });

  it('asks for room before it writes, with the size that the server tells', async () => {
    here();
    const full = new Failure('NoSpace', 'full');
    const rooms: number[] = [];
    const room = (bytes: number) => {
      rooms.push(bytes);
      throw full;
    };
    expect(await problem({ room })).to.deep.equal(['NoSpace', 'full']);
    expect(rooms).to.deep.equal([300_000]);
  });

  it('ends at once when it is told to', async () => {
    here({ kind: 'slow', bytesPerSecond: 40_000 });
    const stop = new AbortController();
    const failed = problem({ signal: stop.signal });
    setTimeout(() => stop.abort(new Failure('Interrupted', 'told to')), 200);
    expect(await failed).to.deep.equal(['Interrupted', 'told to']);
  });

  it('ends when the time for all downloads is over, and says how it went', async () => {
    here({ kind: 'slow', bytesPerSecond: 40_000 });
    const [reason, text] = await problem({ signal: AbortSignal.timeout(300) });
    expect(reason).to.equal('DownloadFailed');
    expect(text).to.match(/not here in time/);
  });

  it('tells a refused connection from a server that answers', async () => {
    const [reason, text] = await problem({ mirror: readMirror('http://127.0.0.1:9/x') });
    expect(reason).to.equal('DownloadFailed');
    expect(text).to.match(/ECONNREFUSED/);
  });

  it("sends the mirror's login to the mirror, and nowhere else", async () => {
    const other = await startMirror('127.0.0.1', undefined);
    try {
      other.serve('/there', { content });
      here({ kind: 'elsewhere', location: `${other.origin}/there` });
      const mirror = readMirror(server.origin.replace('://', '://me:pass@'));
      expect((await run({ mirror })).equals(content)).to.equal(true);
      expect(server.requests.map(({ authorization }) => authorization)).to.deep.equal(
        server.requests.map(() => `Basic ${Buffer.from('me:pass').toString('base64')}`),
      );
      expect(other.requests.map(({ authorization }) => authorization)).to.deep.equal([undefined]);
    } finally {
      await other.close();
    }
  });
});
