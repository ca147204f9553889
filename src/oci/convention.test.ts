import { expect } from 'chai';
import { chooseEntry, findModule } from './convention.ts';
import { digestOf } from './digest.ts';
import type { Descriptor, Index, Manifest } from './manifest.ts';

const of = (mediaType: string, name = mediaType): Descriptor => ({
  mediaType,
  size: 1,
  digest: digestOf(Buffer.from(name)),
});
const manifest = (config: string, ...layers: readonly string[]): Manifest => ({
  schemaVersion: 2,
  config: of(config),
  layers: layers.map((type, at) => of(type, `${at}`)),
});

const OCI_CONFIG = 'application/vnd.oci.image.config.v1+json';
const DOCKER_CONFIG = 'application/vnd.docker.container.image.v1+json';
const DOCKER_LAYER = 'application/vnd.docker.image.rootfs.diff.tar.gzip';
const OCI_LAYER = 'application/vnd.oci.image.layer.v1.tar+gzip';
const CNCF = 'application/vnd.wasm.config.v0+json';
const SPIN = 'application/vnd.fermyon.spin.application.v1+config';
const OLD = 'application/vnd.wasm.content.layer.v1+wasm';

describe('where a module lies in a manifest', () => {
  const cases = [
    { name: 'CNCF', given: manifest(CNCF, 'application/wasm'), convention: 'cncf', packing: 'raw', layer: 0 },
    { name: 'kpt', given: manifest(DOCKER_CONFIG, DOCKER_LAYER), convention: 'image', packing: 'archive', layer: 0 },
    {
      name: 'compat',
      given: manifest(OCI_CONFIG, OCI_LAYER, OCI_LAYER),
      convention: 'image',
      packing: 'archive',
      layer: 1,
    },
    {
      name: 'Solo',
      given: manifest(
        'application/vnd.module.wasm.config.v1+json',
        'application/vnd.module.wasm.content.layer.v1+wasm',
      ),
      convention: 'solo',
      packing: 'raw',
      layer: 0,
    },
    { name: 'wasm-to-oci', given: manifest('anything', OLD), convention: 'wasm-to-oci', packing: 'raw', layer: 0 },
    {
      name: 'runwasi, component',
      given: manifest(OCI_CONFIG, OCI_LAYER, 'application/vnd.bytecodealliance.wasm.component.layer.v0+wasm'),
      convention: 'runwasi',
      packing: 'raw',
      layer: 1,
    },
    {
      name: 'runwasi, module',
      given: manifest(OCI_CONFIG, 'application/wasm'),
      convention: 'runwasi',
      packing: 'raw',
      layer: 0,
    },
  ];
  for (const { name, given, convention, packing, layer } of cases) {
    it(name, () => {
      const found = findModule(given, 'here');
      expect(found).to.deep.equal({ convention, packing, layer: given.layers[layer] });
    });
  }

  const refused = [
    {
      name: 'a Spin application',
      given: manifest(SPIN, 'application/wasm'),
      why: 'here: a Spin application, not a function',
    },
    {
      name: 'a CNCF artifact of two layers',
      given: manifest(CNCF, 'application/wasm', 'application/wasm'),
      why: '2 layers',
    },
    {
      name: 'a CNCF artifact with more',
      given: manifest(CNCF, 'application/wasm', 'text/plain'),
      why: 'exactly one layer',
    },
    { name: 'a CNCF artifact without', given: manifest(CNCF), why: 'exactly one layer' },
    {
      name: 'a Helm chart',
      given: manifest('application/vnd.cncf.helm.config.v1+json', 'text/plain'),
      why: 'no layer holds Wasm (text/plain)',
    },
    { name: 'nothing', given: manifest(OCI_CONFIG), why: 'there are none' },
  ];
  for (const { name, given, why } of refused) {
    it(`refuses ${name}`, () => expect(() => findModule(given, 'here')).to.throw(why));
  }
});

describe('which entry of an index', () => {
  const entry = (os: string, architecture: string): Descriptor => ({
    ...of('m', os + architecture),
    platform: { os, architecture },
  });
  const index = (...manifests: readonly Descriptor[]): Index => ({ schemaVersion: 2, manifests: [...manifests] });
  const [js, wasi, linux, arm] = [
    entry('js', 'wasm'),
    entry('wasip1', 'wasm'),
    entry('linux', 'amd64'),
    entry('linux', 'arm64'),
  ];
  const attestation = entry('unknown', 'unknown');

  const cases = [
    { name: 'js first', given: index(linux, wasi, js), prefer: 'js', chosen: js },
    { name: 'WASI first, where it is asked for', given: index(js, wasi), prefer: 'wasi', chosen: wasi },
    { name: 'WASI where there is no js', given: index(linux, wasi), prefer: 'js', chosen: wasi },
    { name: 'js where there is no WASI', given: index(linux, js), prefer: 'wasi', chosen: js },
    { name: 'runwasi', given: index(linux, entry('wasi', 'wasm32')), prefer: 'js', chosen: entry('wasi', 'wasm32') },
    { name: 'the only one', given: index(linux, attestation), prefer: 'js', chosen: linux },
  ] as const;
  for (const { name, given, prefer, chosen } of cases) {
    it(name, () => expect(chooseEntry(given, 'here', prefer)).to.deep.equal(chosen));
  }
  it('names the platforms when none will do', () => {
    expect(() => chooseEntry(index(linux, arm), 'here')).to.throw('platforms: linux/amd64, linux/arm64');
    expect(() => chooseEntry(index(), 'here')).to.throw('it is empty');
  });
});
