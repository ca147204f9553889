import type { Arch } from './order.ts';

/** A project that releases a shim, and how its releases are laid out. */
export interface Upstream {
  /** On github.com. */
  readonly repository: string;
  /** `{version}` stands for it. */
  readonly tag: string;
  readonly assets: Readonly<Partial<Record<Arch, string>>>;
  readonly handler: string;
  readonly binary: string;
  /** RuntimeClasses that manifests in circulation name, for this handler. */
  readonly classes: readonly string[];
  /** The version that is meant where nobody has pinned one. */
  readonly version?: string;
  /** The project has ended: there is no newer one. */
  readonly frozen?: true;
}

const WASM_SHIMS = 'deislabs/containerd-wasm-shims';
const RUNWASI = 'containerd/runwasi';

/** Those of deislabs/containerd-wasm-shims, whose last release is of 2024. */
const ended = (handler: string, classes: readonly string[]): Upstream => ({
  repository: WASM_SHIMS,
  tag: 'v{version}',
  assets: {
    amd64: `containerd-wasm-shims-v1-${handler}-linux-x86_64.tar.gz`,
    arm64: `containerd-wasm-shims-v1-${handler}-linux-aarch64.tar.gz`,
  },
  handler,
  binary: `containerd-shim-${handler}-v1`,
  classes,
  version: '0.11.1',
  frozen: true,
});

const runwasi = (engine: string, version?: string): Upstream => ({
  repository: RUNWASI,
  tag: `containerd-shim-${engine}/v{version}`,
  assets: {
    amd64: `containerd-shim-${engine}-x86_64-linux-musl.tar.gz`,
    arm64: `containerd-shim-${engine}-aarch64-linux-musl.tar.gz`,
  },
  handler: engine,
  binary: `containerd-shim-${engine}-v1`,
  classes: [engine],
  ...(version === undefined ? {} : { version }),
});

export const UPSTREAMS: Readonly<Record<string, Upstream>> = {
  spin: {
    repository: 'spinframework/containerd-shim-spin',
    tag: 'v{version}',
    assets: {
      amd64: 'containerd-shim-spin-v2-linux-x86_64.tar.gz',
      arm64: 'containerd-shim-spin-v2-linux-aarch64.tar.gz',
    },
    handler: 'spin',
    binary: 'containerd-shim-spin-v2',
    classes: ['spin', 'wasmtime-spin', 'wasmtime-spin-v1', 'wasmtime-spin-v2'],
  },
  'wasmtime-runwasi': runwasi('wasmtime'),
  wasmedge: runwasi('wasmedge'),
  wasmer: runwasi('wasmer', '0.3.0'),
  slight: ended('slight', ['slight', 'wasmtime-slight']),
  wws: ended('wws', ['wws', 'wasmtime-wws']),
  lunatic: ended('lunatic', ['lunatic', 'wasmtime-lunatic']),
};

export const tagOf = ({ tag }: Upstream, version: string): string => tag.replace('{version}', version);

/** Where release pages have it. A tag with a slash is one part of the path. */
export function assetUrl(upstream: Upstream, version: string, asset: string, base = 'https://github.com'): string {
  return `${base}/${upstream.repository}/releases/download/${encodeURIComponent(tagOf(upstream, version))}/${asset}`;
}
