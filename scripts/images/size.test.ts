import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { Blobs } from './blobs.ts';
import { putImage } from './oci.ts';
import { imageSizes, sizeLine, tooLarge } from './size.ts';

describe('image sizes', () => {
  let dir = '';
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'kwasm-size-'));
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  it('counts, per platform, what a node downloads', async () => {
    const blobs = new Blobs(dir);
    const layer = await blobs.layer([{ kind: 'file', path: 'a', mode: 0o644, content: Buffer.alloc(5000, 'ab') }]);
    const config = { user: undefined, env: {}, labels: {}, entrypoint: [], cmd: [], ports: [] };
    const image = putImage(blobs, [
      { architecture: 'amd64', layers: [layer, layer], config },
      { architecture: 'arm64', layers: [layer], config },
    ]);
    const [amd64, arm64] = imageSizes(blobs, image.digest);
    expect(amd64).to.deep.include({ platform: 'linux/amd64', layers: 2 });
    expect(arm64).to.deep.include({ platform: 'linux/arm64', layers: 1 });
    expect(amd64?.bytes).to.be.greaterThan(2 * layer.size);
  });

  it('says so in a line', () => {
    const line = sizeLine('kwasm-demo', { platform: 'linux/arm64', layers: 1, bytes: 12_340_000 });
    expect(line).to.equal('kwasm-demo linux/arm64: 12.3 MB in 1 layer, compressed');
  });

  it('have a bound', () => {
    const size = { platform: 'linux/amd64', layers: 3, bytes: 62_300_000 };
    expect(tooLarge('operator', size)).to.equal(undefined);
    expect(tooLarge('demo', size)).to.equal(
      'demo linux/amd64 has 62300000 bytes, more than 5000000: find what came in, or raise scripts/images/size.ts',
    );
  });
});
