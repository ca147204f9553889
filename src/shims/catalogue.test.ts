import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { CATALOGUE } from './catalogue.ts';
import { PINS, pinsSchema, printPins } from './pins.ts';
import { resolveShim } from './resolve.ts';
import { orderOf } from './spec.ts';
import { UPSTREAMS } from './upstream.ts';

const file = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8');

describe('the catalogue', () => {
  it('has the shim that our image bundles at the version of its crate', () => {
    const version = /^version = "([^"]+)"$/m.exec(file('../../installer-image/shim/Cargo.toml'))?.[1];
    expect(CATALOGUE['wasmtime']?.version).to.equal(version);
  });

  it('orders what upstream has released, by the names that it has there', () => {
    const { platforms } = orderOf(resolveShim('wasmedge'));
    expect(platforms).to.deep.equal([
      {
        arch: 'amd64',
        source: {
          kind: 'https',
          url: 'https://github.com/containerd/runwasi/releases/download/containerd-shim-wasmedge%2Fv0.6.1/containerd-shim-wasmedge-x86_64-linux-musl.tar.gz',
          sha256: '99f7f56c64a0524ea1ec3922cd095b108825a513d0212db75a5dfb08ba196cce',
        },
      },
    ]);
  });

  it('ships no source without a pin, and no pin without a word on where it is from', () => {
    for (const [name, { sources = [], version }] of Object.entries(CATALOGUE)) {
      for (const { arch, https } of sources)
        if (https !== undefined) expect(PINS[name]?.versions[version]?.[arch]?.sha256, name).to.equal(https.sha256);
    }
    for (const name of Object.keys(PINS)) expect(UPSTREAMS, name).to.have.property(name);
  });

  it('gives every RuntimeClass in circulation one handler', () => {
    const handlers = new Map<string, string>();
    for (const { handler, runtimeClasses = [] } of Object.values(CATALOGUE)) {
      for (const { name } of runtimeClasses) {
        expect(handlers.get(name) ?? handler, name).to.equal(handler);
        handlers.set(name, handler);
      }
    }
    expect(Object.fromEntries(handlers)).to.include({
      'wasmtime-spin-v2': 'spin',
      'wasmtime-slight': 'slight',
      'wasmtime-wws': 'wws',
      'wasmtime-lunatic': 'lunatic',
      wasmer: 'wasmer',
    });
  });

  it('is committed as its tool writes it', () => {
    expect(file('pins.json')).to.equal(printPins(pinsSchema.parse(JSON.parse(file('pins.json')))));
  });
});
