import type { z } from 'zod';
import { ARCHES } from './order.ts';
import { PINS, type Pins } from './pins.ts';
import type { shimSpecSchema } from './spec.ts';
import { assetUrl, UPSTREAMS, type Upstream } from './upstream.ts';

/** As it is written: what has a default may be left out. */
type Spec = z.input<typeof shimSpecSchema>;
export type Sources = Spec['sources'];

/** A shim that the values may name without saying more, or, without sources, saying where it comes from. */
export interface Entry extends Omit<Spec, 'sources'> {
  /** Of `version`; none: nobody has verified a digest of it. */
  readonly sources?: Sources;
  /** Of other versions that may be named. */
  readonly versions?: Readonly<Record<string, Sources>>;
  /** The project that released it has ended. */
  readonly frozen?: boolean;
}

/** Of what our own image bundles, and so without a download; the crate's version. */
const BUNDLED_VERSION = '0.3.0';
const bundled: Entry = {
  version: BUNDLED_VERSION,
  handler: 'wasmtime',
  binary: 'containerd-shim-wasmtime-v1',
  sources: ARCHES.map((arch) => ({ arch, bundled: {} })),
  runtimeClasses: [{ name: 'wasmtime' }],
};

export const CATALOGUE: Readonly<Record<string, Entry>> = {
  wasmtime: bundled,
  ...Object.fromEntries(Object.entries(UPSTREAMS).map(([name, upstream]) => [name, entryOf(name, upstream, PINS)])),
};

export function entryOf(name: string, upstream: Upstream, pins: Pins): Entry {
  const { handler, binary, classes, frozen } = upstream;
  const pinned = pins[name];
  const version = pinned?.default ?? upstream.version;
  if (version === undefined) throw new TypeError(`the catalogue has no version of ${name}`);
  const versions = Object.fromEntries(
    Object.keys(pinned?.versions ?? {}).map((one) => [one, sourcesOf(upstream, one, pinned?.versions[one])]),
  );
  const sources = versions[version];
  return {
    version,
    handler,
    binary,
    runtimeClasses: classes.map((one) => ({ name: one })),
    versions,
    ...(sources === undefined ? {} : { sources }),
    ...(frozen === undefined ? {} : { frozen }),
  };
}

function sourcesOf(upstream: Upstream, version: string, pins: Pins[string]['versions'][string] = {}): Sources {
  return ARCHES.flatMap((arch) => {
    const [asset, sha256] = [upstream.assets[arch], pins[arch]?.sha256];
    return asset === undefined || sha256 === undefined
      ? []
      : [{ arch, https: { url: assetUrl(upstream, version, asset), sha256 } }];
  });
}
