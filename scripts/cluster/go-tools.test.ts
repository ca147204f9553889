import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import {
  containerd,
  containerdDaemon,
  coredns,
  etcd,
  type GoTool,
  helm,
  helm3,
  kindTool,
  knative,
  knativeServingWasm,
  kubectl,
  kubernetes,
  kustomize,
  kwok,
  metricsServer,
  oldestApiServer,
  promtool,
  standIn,
  toolDir,
} from './go-tools.ts';
import { CONTAINERD, CONTAINERD_CHECKED, type ContainerdMinor } from './versions.ts';

const minors = Object.keys(CONTAINERD) as ContainerdMinor[];
const checked = Object.keys(CONTAINERD_CHECKED) as (keyof typeof CONTAINERD_CHECKED)[];
const daemons = [...minors.map(containerd), ...checked.map(containerdDaemon)];
const tools: readonly GoTool[] = [
  kubernetes,
  etcd,
  helm,
  helm3,
  kindTool,
  knative,
  knativeServingWasm,
  kustomize,
  kwok,
  metricsServer,
  oldestApiServer,
  promtool,
  ...daemons,
];

function goMod({ group }: GoTool): string {
  return readFileSync(new URL(`./tools/${group}/go.mod`, import.meta.url), 'utf8');
}

describe('Go tools', () => {
  it('coredns: go.mod pins the version of the table', () => {
    expect(goMod(coredns)).to.contain(`require github.com/coredns/coredns v${coredns.version}\n`);
  });

  for (const tool of (['1.7', '2.3'] as const).map(standIn)) {
    it(`${tool.group}: go.mod pins the containerd of the table`, () => {
      expect(goMod(tool)).to.match(
        new RegExp(`^require github\\.com/containerd/containerd(/v2)? v${tool.version.replaceAll('.', '\\.')}$`, 'm'),
      );
    });
  }

  for (const tool of tools) {
    it(`${tool.group}: go.mod pins the version of the table, and the module of every program`, () => {
      const [, module = 'none', version] = /^require (\S+) v(\S+)$/m.exec(goMod(tool)) ?? [];
      expect(version).to.equal(tool.version);
      for (const path of Object.values(tool.programs))
        expect(`${path}/`).to.satisfy((p: string) => p.startsWith(`${module}/`));
    });

    it(`${tool.group}: tools.go imports every program, so that go.mod keeps it`, () => {
      const text = readFileSync(new URL(`./tools/${tool.group}/tools.go`, import.meta.url), 'utf8');
      for (const path of Object.values(tool.programs)) expect(text).to.contain(`"${path}"`);
    });
  }

  it('has a directory for each group, version and set of programs', () => {
    const dirs = [...tools, kubectl].map(toolDir);
    expect(new Set(dirs).size).to.equal(dirs.length);
  });
});
