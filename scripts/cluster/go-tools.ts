import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Toolchain } from '../toolchain/command.ts';
import { command } from './command.ts';
import { withLock } from './lock.ts';
import { cacheDir } from './paths.ts';
import type { Progress } from './progress.ts';
import { CONTAINERD, CONTAINERD_CHECKED, type ContainerdMinor, VERSIONS } from './versions.ts';

/** A group of programs that one go.mod under tools/ pins, built together. */
export interface GoTool {
  readonly group: string;
  readonly version: string;
  /** Name of the program → its package. */
  readonly programs: Readonly<Record<string, string>>;
  readonly ldflags: readonly string[];
  readonly tags?: readonly string[];
  /** Another folder under tools/ whose packages it is made of. */
  readonly library?: string;
  /** What a first build costs on two cores, for the person who waits. */
  readonly firstBuild: string;
}

const GROUPS = new URL('./tools/', import.meta.url).pathname;
const BUILD_TIMEOUT_MS = 60 * 60_000;

export const kubernetes: GoTool = {
  group: 'kubernetes',
  version: VERSIONS.kubernetes,
  programs: Object.fromEntries(
    ['kube-apiserver', 'kube-controller-manager', 'kube-proxy', 'kube-scheduler', 'kubelet', 'kubectl'].map((name) => [
      name,
      `k8s.io/kubernetes/cmd/${name}`,
    ]),
  ),
  ldflags: kubernetesStamp(VERSIONS.kubernetes),
  firstBuild: 'about 10 minutes',
};

/** What an old cluster's watches and answers are like. */
export const oldestApiServer: GoTool = {
  group: 'kube-apiserver-1.28',
  version: VERSIONS.kubernetesOldest,
  programs: { 'kube-apiserver': 'k8s.io/kubernetes/cmd/kube-apiserver' },
  ldflags: kubernetesStamp(VERSIONS.kubernetesOldest),
  firstBuild: 'about 5 minutes',
};

export const etcd: GoTool = {
  group: 'etcd',
  version: VERSIONS.etcd,
  programs: { etcd: 'go.etcd.io/etcd/server/v3' },
  ldflags: [],
  firstBuild: 'under a minute',
};

/** A program of our own around CoreDNS' packages: upstream's carries every cloud's libraries. */
export const coredns: GoTool = {
  group: 'coredns',
  version: VERSIONS.coredns,
  programs: { coredns: 'kwasm.sh/tools/coredns' },
  ldflags: [],
  firstBuild: 'about 2 minutes',
};

export const helm: GoTool = {
  group: 'helm',
  version: VERSIONS.helm,
  programs: { helm: 'helm.sh/helm/v4/cmd/helm' },
  ldflags: [],
  firstBuild: 'about 4 minutes',
};

export const helm3: GoTool = {
  group: 'helm-3',
  version: VERSIONS.helm3,
  programs: { helm: 'helm.sh/helm/v3/cmd/helm' },
  ldflags: [`-X helm.sh/helm/v3/internal/version.version=v${VERSIONS.helm3}`],
  firstBuild: 'about 3 minutes',
};

export const kindTool: GoTool = {
  group: 'kind',
  version: VERSIONS.kind,
  programs: { kind: 'sigs.k8s.io/kind' },
  ldflags: [],
  firstBuild: 'under a minute',
};

/** Plays the kubelets of nodes that exist in the API only. */
export const kwok: GoTool = {
  group: 'kwok',
  version: VERSIONS.kwok,
  programs: { kwok: 'sigs.k8s.io/kwok/cmd/kwok' },
  ldflags: [],
  firstBuild: 'about 2 minutes',
};

/** Alone, for those whose cluster comes from elsewhere. */
export const kubectl: GoTool = {
  group: 'kubernetes',
  version: VERSIONS.kubernetes,
  programs: { kubectl: 'k8s.io/kubernetes/cmd/kubectl' },
  ldflags: kubernetesStamp(VERSIONS.kubernetes),
  firstBuild: 'about 3 minutes',
};

export function containerd(minor: ContainerdMinor): GoTool {
  const module = minor.startsWith('1.') ? 'github.com/containerd/containerd' : 'github.com/containerd/containerd/v2';
  return {
    group: `containerd-${minor}`,
    version: CONTAINERD[minor],
    programs: Object.fromEntries(
      ['containerd', 'containerd-shim-runc-v2', 'ctr'].map((name) => [name, `${module}/cmd/${name}`]),
    ),
    ldflags: [`-X ${module}/version.Version=${CONTAINERD[minor]}`],
    firstBuild: 'about 2 minutes',
  };
}

/** A program of our own with containerd linked in, for nodes on which containerd has a parent. */
export function standIn(minor: StandInMinor): GoTool {
  const { ldflags, version } = containerd(minor);
  const group = `stand-in-${minor}`;
  return {
    group,
    version,
    programs: { 'stand-in': `kwasm.sh/tools/${group}` },
    ldflags,
    library: 'stand-in',
    firstBuild: 'about 2 minutes',
  };
}
export type StandInMinor = Extract<ContainerdMinor, '1.7' | '2.3'>;

/** The daemon alone, of a release that no cluster is made of. */
export function containerdDaemon(release: keyof typeof CONTAINERD_CHECKED): GoTool {
  const module = 'github.com/containerd/containerd/v2';
  return {
    group: `containerd-${release}`,
    version: CONTAINERD_CHECKED[release],
    programs: { containerd: `${module}/cmd/containerd` },
    ldflags: [`-X ${module}/version.Version=${CONTAINERD_CHECKED[release]}`],
    firstBuild: 'about 2 minutes',
  };
}

/** For `npm run check:alerts`. Without its ways of finding targets in every cloud, which no test of rules needs. */
export const promtool: GoTool = {
  group: 'promtool',
  version: VERSIONS.promtool,
  programs: { promtool: 'github.com/prometheus/prometheus/cmd/promtool' },
  ldflags: [],
  tags: ['remove_all_sd'],
  firstBuild: 'about 4 minutes',
};

/** What `kwasm kustomize` is tested with. */
export const kustomize: GoTool = {
  group: 'kustomize',
  version: VERSIONS.kustomize,
  programs: { kustomize: 'sigs.k8s.io/kustomize/kustomize/v5' },
  ldflags: [`-X sigs.k8s.io/kustomize/api/provenance.version=v${VERSIONS.kustomize}`],
  firstBuild: 'about 2 minutes',
};

/** What pods use, for autoscalers. */
export const metricsServer: GoTool = {
  group: 'metrics-server',
  version: VERSIONS.metricsServer,
  programs: { 'metrics-server': 'sigs.k8s.io/metrics-server/cmd/metrics-server' },
  ldflags: [],
  firstBuild: 'about 4 minutes',
};

/** Knative Serving, all that a Knative Service needs but an ingress (docs/decisions/0043-beside-knative.md). */
export const knative: GoTool = {
  group: 'knative',
  version: VERSIONS.knative,
  programs: Object.fromEntries(
    ['activator', 'autoscaler', 'controller', 'queue', 'webhook'].map((name) => [
      name,
      `knative.dev/serving/cmd/${name}`,
    ]),
  ),
  ldflags: [],
  firstBuild: 'about 5 minutes',
};

/** The other controller of WasmModules, which makes Knative Services of them. */
export const knativeServingWasm: GoTool = {
  group: 'knative-serving-wasm',
  version: VERSIONS.knativeServingWasm,
  programs: { controller: 'github.com/cardil/knative-serving-wasm/cmd/controller' },
  ldflags: [],
  firstBuild: 'about 2 minutes',
};

/** Where its go.mod is. */
export function groupDir({ group }: GoTool): string {
  return join(GROUPS, group);
}

function kubernetesStamp(version: string): readonly string[] {
  const [major, minor] = version.split('.');
  const stamps = { gitVersion: `v${version}`, gitMajor: major, gitMinor: minor };
  return Object.entries(stamps).map(([key, value]) => `-X k8s.io/component-base/version.${key}=${value}`);
}

/** Where the group's programs lie once built: the path changes with the version and with every pinned dependency. */
export function toolDir(tool: GoTool): string {
  const pins = createHash('sha256')
    .update(readFileSync(join(GROUPS, tool.group, 'go.mod')))
    .update(readFileSync(join(GROUPS, tool.group, 'go.sum')))
    .update(ownSource(tool))
    .update([...tool.ldflags, ...(tool.tags ?? [])].join(' '));
  const name = Object.keys(tool.programs).length === 1 ? Object.keys(tool.programs)[0] : tool.group;
  return join(cacheDir(), 'tools', `${name}-${tool.version}-${pins.digest('hex').slice(0, 12)}`);
}

/** Programs of our own, that is: tools.go only names packages that go.mod pins. */
function ownSource({ group, library }: GoTool): string {
  const directories = [group, ...(library === undefined ? [] : [library])].map((name) => join(GROUPS, name));
  return directories
    .flatMap((directory) => readdirSync(directory).map((name) => join(directory, name)))
    .filter((file) => file.endsWith('.go') && basename(file) !== 'tools.go')
    .sort()
    .map((file) => readFileSync(file, 'utf8'))
    .join('');
}

/** Builds the group unless it is there already, and returns its directory. */
export async function ensureGoTool(
  tool: GoTool,
  go: () => Promise<Toolchain>,
  progress: Progress,
  signal?: AbortSignal,
): Promise<string> {
  const target = toolDir(tool);
  if (existsSync(target)) return target;
  const waiting = () => progress.say(`  ... another process builds ${tool.group}; waiting for it`);
  return withLock(join(cacheDir(), 'tools', `${tool.group}.lock`), waiting, async () => {
    if (existsSync(target)) return target;
    const names = Object.keys(tool.programs).join(', ');
    const what = `build ${tool.group} ${tool.version} (${names}; ${tool.firstBuild} the first time)`;
    await progress.step(what, async () => build(tool, await go(), `${target}.partial`, signal));
    renameSync(`${target}.partial`, target);
    return target;
  });
}

async function build(tool: GoTool, go: Toolchain, out: string, signal: AbortSignal | undefined): Promise<void> {
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  const packages = Object.values(tool.programs);
  const ldflags = ['-s', '-w', ...tool.ldflags].join(' ');
  const tags = (tool.tags ?? []).join(',');
  const { file, args, cwd, env } = go.command(
    ['build', '-trimpath', '-tags', tags, '-ldflags', ldflags, '-o', `${out}/`, ...packages],
    {
      cwd: join(GROUPS, tool.group),
      env: { CGO_ENABLED: '0', GOFLAGS: '-mod=readonly' },
      writable: [out],
    },
  );
  await command(file, args, { cwd, env, timeoutMs: BUILD_TIMEOUT_MS, signal });
  for (const [name, path] of Object.entries(tool.programs)) {
    const built = join(out, programName(path));
    if (built !== join(out, name)) renameSync(built, join(out, name));
  }
}

/** Go names a program after its directory, unless that is a major version. */
function programName(path: string): string {
  const parts = path.split('/');
  const last = parts.at(-1) ?? path;
  return /^v\d+$/.test(last) ? (parts.at(-2) ?? last) : last;
}
