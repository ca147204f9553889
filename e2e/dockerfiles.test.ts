import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { execa } from 'execa';
import { assemble } from '../scripts/images/assemble.ts';
import { Blobs } from '../scripts/images/blobs.ts';
import { parseDockerfile } from '../scripts/images/dockerfile.ts';
import { writeLayout } from '../scripts/images/oci.ts';

const DOCKERFILES = join(import.meta.dirname, '../installer-image');
const ARGUMENTS = { BASE: 'scratch', VERSION: '1.2.3' };

/**
 * Our images are assembled from their Dockerfiles by our own reader. A person with another builder must get the same:
 * here buildah builds them, too, and what both made is unpacked and compared.
 */
describe('the Dockerfiles mean the same to buildah and to us', function () {
  this.timeout(120_000);
  let dir: string;
  let context: string;

  before(() => {
    dir = mkdtempSync(join(tmpdir(), 'kwasm-dockerfiles-'));
    context = join(dir, 'context');
    for (const name of ['app/deep', 'assets']) mkdirSync(join(context, name), { recursive: true });
    writeFileSync(join(context, 'app/deep/main.mjs'), 'program');
    for (const name of ['assets/shim', 'kwasm-runner']) writeFileSync(join(context, name), 'binary', { mode: 0o755 });
    for (const name of ['component', 'canary']) writeFileSync(join(context, `${name}.wasm`), name);
    symlinkSync('deep', join(context, 'app/linked'));
  });
  after(() => rmSync(dir, { recursive: true, force: true }));

  for (const name of readdirSync(DOCKERFILES).filter((file) => file.endsWith('Dockerfile'))) {
    it(name, async () => {
      const [theirs, ours] = [await built(name), await assembled(name)];
      expect(await contentOf(ours)).to.deep.equal(await contentOf(theirs));
      expect(await configOf(ours)).to.deep.equal(await configOf(theirs));
    });
  }

  async function buildah(...args: readonly string[]): Promise<string> {
    const storage = ['--storage-driver', 'vfs', '--root', join(dir, 'storage'), '--runroot', join(dir, 'run')];
    return (await execa('buildah', [...storage, ...args], { timeout: 60_000 })).stdout;
  }

  /** An OCI layout of what buildah makes of it. */
  async function built(name: string): Promise<string> {
    const buildArgs = Object.entries(ARGUMENTS).map(([key, value]) => `--build-arg=${key}=${value}`);
    await buildah(
      'bud',
      '--isolation=chroot',
      '--layers=false',
      ...buildArgs,
      '-f',
      join(DOCKERFILES, name),
      '-t',
      'it',
      context,
    );
    const layout = join(dir, `theirs-${name}`);
    await buildah('push', 'it', `oci:${layout}`);
    return layout;
  }

  async function assembled(name: string): Promise<string> {
    const blobs = new Blobs(join(dir, 'cache'));
    const recipe = parseDockerfile(readFileSync(join(DOCKERFILES, name), 'utf8'), ARGUMENTS);
    const noBase = async () => expect.fail('BASE is scratch here');
    const image = await assemble(blobs, recipe, context, ['amd64'], noBase);
    const layout = join(dir, `ours-${name}`);
    writeLayout(layout, image);
    symlinkSync(blobs.dir, join(layout, 'blobs'));
    return layout;
  }

  /** Every path with its kind, mode, owner, size and bytes, whatever the layers are. */
  async function contentOf(layout: string): Promise<readonly string[]> {
    const root = mkdtempSync(join(dir, 'root-'));
    const manifest = JSON.parse(await inspect(layout, '--raw')) as { layers: { digest: string }[] };
    for (const { digest } of manifest.layers) {
      await execa('tar', ['-xpf', join(layout, 'blobs', digest.replace(':', '/')), '-C', root]);
    }
    const find = ['.', '-type', 'd', '-printf', '%m %U:%G %p/\\n', '-o', '-printf', '%y %m %U:%G %s %p %l\\n'];
    const { stdout: paths } = await execa('find', find, { cwd: root });
    const { stdout: sums } = await execa('find', ['.', '-type', 'f', '-exec', 'sha256sum', '{}', '+'], { cwd: root });
    return [...paths.split('\n'), ...sums.split('\n')].toSorted();
  }

  /** What a container is started with. buildah adds a label with its own version, and a PATH where nothing sets one. */
  async function configOf(layout: string): Promise<object> {
    const { config } = JSON.parse(await inspect(layout, '--config', '--raw')) as { config: Record<string, unknown> };
    const { 'io.buildah.version': _version, ...labels } = config['Labels'] as Record<string, string>;
    const env = ((config['Env'] ?? []) as string[]).filter((entry) => !entry.startsWith('PATH='));
    return { ...config, Labels: labels, Env: env };
  }

  async function inspect(layout: string, ...flags: readonly string[]): Promise<string> {
    const platform = ['--override-os=linux', '--override-arch=amd64'];
    const { stdout } = await execa('skopeo', [...platform, 'inspect', ...flags, `oci:${await single(layout)}`]);
    return stdout;
  }

  /** The layout of the one manifest: inspect --raw shows an index as it is. */
  async function single(layout: string): Promise<string> {
    const copy = mkdtempSync(join(dir, 'single-'));
    await execa('skopeo', ['--override-arch=amd64', 'copy', '--quiet', `oci:${layout}`, `oci:${copy}`]);
    return copy;
  }
});
