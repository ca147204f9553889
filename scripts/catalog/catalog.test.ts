import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { execa } from 'execa';
import { type FileMirror, startMirror } from '../../e2e/harness/mirror.ts';
import { type Pins, pinsSchema } from '../../src/shims/pins.ts';
import { UPSTREAMS } from '../../src/shims/upstream.ts';
import { ensureAuthority, ensureCertificate } from '../cluster/local/pki.ts';
import { root } from '../testing/mocha.ts';
import { sums } from './published.ts';

const [ONE, TWO] = ['1'.repeat(64), '2'.repeat(64)];
const TAG = 'containerd-shim-wasmedge%2Fv0.7.0';
const AMD64 = UPSTREAMS['wasmedge']?.assets.amd64 ?? '';
const ARM64 = UPSTREAMS['wasmedge']?.assets.arm64 ?? '';

/** Against a server with a certificate of its own, laid out as release pages and their API are. */
describe('npm run catalog -- update', function () {
  this.timeout(60_000);
  let scratch: string;
  let server: FileMirror;
  let authority: string;
  before(async () => {
    scratch = mkdtempSync(join(tmpdir(), 'kwasm-catalog-'));
    const ca = await ensureAuthority(scratch, 'catalog');
    authority = ca.cert;
    const pair = await ensureCertificate(scratch, 'server', { commonName: 'server', names: ['IP:127.0.0.1'] }, ca);
    server = await startMirror('127.0.0.1', pair);
  });
  after(async () => {
    await server.close();
    rmSync(scratch, { recursive: true });
  });

  const pins: Pins = {
    wasmedge: { default: '0.6.1', versions: { '0.6.1': { amd64: { sha256: ONE, seen: 'somewhere' } } } },
  };
  const file = () => join(scratch, 'pins.json');
  const written = () => pinsSchema.parse(JSON.parse(readFileSync(file(), 'utf8')));

  function release(assets: readonly object[], sumsText: string | undefined): void {
    const json = (value: unknown) => ({ content: Buffer.from(JSON.stringify(value)) });
    const tags = [
      'containerd-shim-wasmtime/v9.0.0',
      'containerd-shim-wasmedge/v0.7.0',
      'containerd-shim-wasmedge/v0.6.1',
    ];
    const list = tags.map((tag_name) => ({ tag_name, assets: [] }));
    const early = { tag_name: 'containerd-shim-wasmedge/v1.0.0', prerelease: true, assets: [] };
    server.serve('/api/repos/containerd/runwasi/releases', json([early, ...list]));
    server.serve(`/api/repos/containerd/runwasi/releases/tags/${TAG}`, json({ tag_name: 'x', assets }));
    const sumsPath = `/containerd/runwasi/releases/download/${TAG}/SHA256SUMS`;
    server.serve(
      sumsPath,
      sumsText === undefined
        ? { content: Buffer.alloc(0), fault: { kind: 'page', status: 404 } }
        : { content: Buffer.from(sumsText) },
    );
  }

  async function update(...args: readonly string[]) {
    writeFileSync(file(), JSON.stringify(pins));
    const places = ['--base', server.origin, '--api', `${server.origin}/api`, '--pins', file()];
    const argv = [
      '--disable-warning=ExperimentalWarning',
      `${root}/scripts/catalog/main.ts`,
      'update',
      ...args,
      ...places,
    ];
    const { stdout, stderr, exitCode } = await execa(process.execPath, argv, {
      reject: false,
      env: { NODE_EXTRA_CA_CERTS: authority, NO_PROXY: '127.0.0.1' },
    });
    return { stdout, stderr, exitCode };
  }

  it('finds the newest release, writes its pins and shows what is different', async () => {
    const assets = [
      { name: AMD64, digest: `sha256:${TWO}` },
      { name: 'SHA256SUMS', digest: null },
    ];
    release(assets, `${TWO}  ${AMD64}\n${ONE} *./${ARM64}\n`);
    const { stdout, stderr, exitCode } = await update('wasmedge');
    expect(exitCode, stderr).to.equal(0);
    expect(stdout).to.contain('wasmedge: 0.6.1 -> 0.7.0');
    expect(stdout).to.match(new RegExp(`amd64: ${TWO} .*asset digest.*SHA256SUMS`));
    const { wasmedge } = written();
    expect(wasmedge?.default).to.equal('0.7.0');
    expect(wasmedge?.versions['0.7.0']?.arm64?.sha256).to.equal(ONE);
    expect(wasmedge?.versions['0.6.1'], 'what clusters name stays').to.deep.equal(pins['wasmedge']?.versions['0.6.1']);
  });

  it('only shows, if that is asked for', async () => {
    release([{ name: AMD64, digest: `sha256:${TWO}` }], undefined);
    const { stdout, exitCode } = await update('wasmedge', '--dry-run');
    expect([exitCode, written()]).to.deep.equal([0, pins]);
    expect(stdout).to.contain(`arm64: the release publishes no sum of ${ARM64}; not pinned`);
  });

  const refusals: readonly (readonly [name: string, given: () => void, args: readonly string[], says: RegExp])[] = [
    [
      'a release that contradicts itself',
      () => release([{ name: AMD64, digest: `sha256:${ONE}` }, { name: 'SHA256SUMS' }], `${TWO}  ${AMD64}\n`),
      ['wasmedge'],
      /contradicts itself/,
    ],
    ['a release without sums', () => release([{ name: AMD64 }], undefined), ['wasmedge'], /publishes no sum of any/],
    [
      'a release that was changed after it was pinned',
      () => {
        release([{ name: AMD64, digest: `sha256:${TWO}` }], undefined);
        const changed = { tag_name: 'x', assets: [{ name: AMD64, digest: `sha256:${TWO}` }] };
        const path = '/api/repos/containerd/runwasi/releases/tags/containerd-shim-wasmedge%2Fv0.6.1';
        server.serve(path, { content: Buffer.from(JSON.stringify(changed)) });
      },
      ['wasmedge', '--version', '0.6.1'],
      /pinned is 1{64} \(somewhere\), the release says 2{64}/,
    ],
    ['a name that it does not know', () => {}, ['spun'], /knows no "spun"/],
  ];
  for (const [name, given, args, says] of refusals) {
    it(`refuses ${name}, and writes nothing`, async () => {
      given();
      const { stderr, exitCode } = await update(...args);
      expect(stderr).to.match(says);
      expect([exitCode, written()]).to.deep.equal([1, pins]);
    });
  }

  it('reads sums as sha256sum writes them', () => {
    expect(sums(`${ONE}  a\n${TWO} *./b\nno sum\n`, 'SHA256SUMS')).to.deep.equal([
      ['a', ONE],
      ['b', TWO],
    ]);
    expect(sums(`${ONE}\n`, 'x.tar.gz.sha256')).to.deep.equal([['x.tar.gz', ONE]]);
  });
});
