import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { expect } from 'chai';
import { digestOf } from './digest.ts';
import { kptArtifact, kptIndex } from './kpt-layout.ts';
import type { Index } from './manifest.ts';

const fixture = (name: string) => JSON.parse(readFileSync(new URL(`./fixtures/${name}`, import.meta.url), 'utf8'));
const [goldenManifest, goldenIndex] = fixture('kpt-push-manifests.json').map(({ body }: { body: object }) => body);
const [goldenConfig] = fixture('kpt-push-config-blobs.json');
const WASM = Buffer.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);

/** Digests, sizes and times away: what is left is kpt's form, in its order of keys. */
const form = (value: unknown) =>
  JSON.stringify(value, (key, part) => (['digest', 'size', 'created', 'diff_ids'].includes(key) ? typeof part : part));

describe("kpt's layout", () => {
  it('has the form of the manifests that kpt wrote', async () => {
    const artifact = await kptArtifact('f.wasm', WASM);
    expect(form(JSON.parse(artifact.manifest.bytes.toString()))).to.equal(form(goldenManifest));
    expect(form(JSON.parse(artifact.config.bytes.toString()))).to.equal(form(JSON.parse(goldenConfig.head)));
    expect(form(kptIndex(artifact, undefined, ''))).to.equal(form(goldenIndex));
  });

  it('says of its blobs what is true', async () => {
    const { layer, config, manifest } = await kptArtifact('f.wasm', WASM);
    for (const { bytes, descriptor } of [layer, config, manifest]) {
      expect(descriptor).to.include({ size: bytes.length, digest: digestOf(bytes) });
    }
    const { rootfs } = JSON.parse(config.bytes.toString());
    expect(rootfs.diff_ids).to.deep.equal([digestOf(gunzipSync(layer.bytes))]);
  });

  it('has the same digest each time', async () => {
    const [a, b] = [await kptArtifact('f.wasm', WASM), await kptArtifact('f.wasm', WASM)];
    expect(a.manifest.descriptor.digest).to.equal(b.manifest.descriptor.digest);
  });

  it('keeps what else is in an index, and what it does not know of it', async () => {
    const artifact = await kptArtifact('f.wasm', WASM);
    const other = {
      mediaType: 'm',
      size: 1,
      digest: digestOf(WASM),
      platform: { architecture: 'amd64', os: 'linux', 'os.version': '1' },
    };
    const stale = { ...other, platform: { architecture: 'wasm', os: 'js' } };
    const earlier: Index = { schemaVersion: 2, manifests: [stale, other], annotations: { a: 'b' } };
    expect(kptIndex(artifact, earlier, 'type')).to.deep.equal({
      schemaVersion: 2,
      mediaType: 'type',
      annotations: { a: 'b' },
      manifests: [other, { ...artifact.manifest.descriptor, platform: { architecture: 'wasm', os: 'js' } }],
    });
  });

  it("golden bodies hash to the digests that kpt's registry gave them", () => {
    for (const { k, body } of fixture('kpt-push-manifests.json')) {
      expect(digestOf(Buffer.from(JSON.stringify(body)))).to.equal(k.split('@')[1]);
    }
  });
});
