import { createHash } from 'node:crypto';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { execa } from 'execa';
import { CHART, helmProgram } from '../../scripts/chart/helm.ts';
import { silent } from '../../scripts/cluster/progress.ts';
import { packChart } from '../../scripts/release/chart.ts';
import { NAMES } from '../../scripts/release/images.ts';
import { type RegistryProcess, startRegistry } from './registry-process.ts';

interface Index {
  readonly manifests: readonly { readonly digest: string; readonly platform: { readonly architecture: string } }[];
}
interface Bill {
  readonly metadata: { readonly component: { readonly hashes: readonly { readonly content: string }[] } };
  readonly components: readonly { readonly purl: string }[];
}

const IMAGES_AND_CHART = NAMES.length + 1;

/** All of a release but the signatures, in a real registry. As root, since it assembles images. */
describe('npm run release -- --dry-run', function () {
  this.timeout(45 * 60_000); // the shim may have to be compiled
  let registry: RegistryProcess;
  let dist = '';
  let printed = '';

  before(async () => {
    registry = await startRegistry();
    dist = mkdtempSync(join(tmpdir(), 'kwasm-release-'));
    const main = join(import.meta.dirname, '../../scripts/release/main.ts');
    const args = [main, '--dry-run', '--registry', `${registry.host}/kwasm`, '--dist', dist];
    const { all } = await execa(process.execPath, args, { all: true });
    printed = all;
  });

  after(async () => {
    await registry?.stop();
    rmSync(dist, { recursive: true, force: true });
  });

  const inspect = async (reference: string): Promise<string> => {
    return (await execa('skopeo', ['inspect', '--raw', '--tls-verify=false', `docker://${reference}`])).stdout;
  };

  it('leaves images, chart and checksums, each found again by its digest', async () => {
    const references = readFileSync(join(dist, 'images.txt'), 'utf8').trim().split('\n');
    expect(references).to.have.lengthOf(IMAGES_AND_CHART);
    for (const reference of references) {
      const digest = createHash('sha256')
        .update(await inspect(reference))
        .digest('hex');
      expect(reference).to.equal(`${reference.split('@')[0]}@sha256:${digest}`);
    }
    await execa('sha256sum', ['--check', '--strict', 'SHA256SUMS'], { cwd: dist });
    const listed = readFileSync(join(dist, 'SHA256SUMS'), 'utf8').trim().split('\n');
    expect(listed).to.have.lengthOf(readdirSync(dist).length - 1);
  });

  it('has the platforms of each image, under the version', async () => {
    const [operator = '', , demo = ''] = readFileSync(join(dist, 'images.txt'), 'utf8').split('\n');
    const platforms = async (reference: string) => {
      const index = JSON.parse(await inspect(reference)) as Index;
      return index.manifests.map(({ platform }) => platform.architecture);
    };
    const chart = readdirSync(dist).find((name) => name.endsWith('.tgz')) ?? '';
    const version = /^kwasm-operator-(.+)\.tgz$/.exec(chart)?.[1];
    expect(await platforms(operator)).to.deep.equal([process.arch === 'arm64' ? 'arm64' : 'amd64']);
    expect(await platforms(`${operator.split('@')[0]}:${version}`)).to.have.lengthOf(1);
    expect(await platforms(demo)).to.deep.equal(['amd64', 'arm64']);
  });

  it('writes a bill of what is in the image, by its digest', async () => {
    const file = readdirSync(dist).find((name) => /^kwasm-node-installer-.*\.cdx\.json$/.test(name)) ?? '';
    const bill = JSON.parse(readFileSync(join(dist, file), 'utf8')) as Bill;
    const purls = bill.components.map(({ purl }) => purl).join('\n');
    for (const part of ['pkg:npm/undici@', 'pkg:cargo/wasmtime@', 'pkg:deb/debian/util-linux@', 'pkg:generic/node@']) {
      expect(purls).to.include(part);
    }
    const [, installer = ''] = readFileSync(join(dist, 'images.txt'), 'utf8').split('\n');
    expect(installer).to.include(bill.metadata.component.hashes[0]?.content);
  });

  it('packs the same chart from a later check-out', async () => {
    const name = readdirSync(dist).find((file) => file.endsWith('.tgz')) ?? '';
    const work = mkdtempSync(join(tmpdir(), 'kwasm-chart-'));
    try {
      cpSync(CHART, join(work, 'kwasm-operator'), { recursive: true }); // of now
      await packChart(await helmProgram(silent), join(work, 'kwasm-operator'), work);
      expect(readFileSync(join(work, name)).equals(readFileSync(join(dist, name)))).to.equal(true);
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
  });

  it('signs nothing, and says what it would sign', () => {
    const lines = printed.split('\n').filter((line) => line.includes('not run: cosign'));
    expect(lines.filter((line) => line.includes('cosign sign --yes'))).to.have.lengthOf(IMAGES_AND_CHART);
    expect(lines.at(-1)).to.match(/sign-blob .*SHA256SUMS$/);
  });
});
