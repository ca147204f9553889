import { expect } from 'chai';
import { HOST } from '../../contract.ts';
import { distribution } from './distribution.ts';
import type { ConfigFacts, ConfigFile } from './facts.ts';
import { planInstall } from './install.ts';
import { file, sampleConfig, sampleFacts, wasmtime } from './sample-facts.ts';
import { shimPath } from './shim.ts';
import { planUninstall } from './uninstall.ts';

const DIRECTORY = '/etc/k0s/containerd.d';
const INTO = '/run/k0s/containerd-cri.toml';
const V2 = 'plugins."io.containerd.grpc.v1.cri".containerd.runtimes';
const RUNC = `version = 2\n\n[plugins]\n\n  [${V2}.runc]\n    runtime_type = "io.containerd.runc.v2"\n`;
/** As k0s' encoder writes it: indented, keys sorted, no comment of ours. */
const MERGED = `${RUNC}\n  [${V2}.wasmtime]\n    runtime_type = "${shimPath(wasmtime, HOST.prefix)}"\n\n    [${V2}.wasmtime.options]\n      SystemdCgroup = false\n`;
const OURS = `# Written by kwasm: managed by the kwasm installer, do not edit; removed on uninstall.\n[${V2}.wasmtime]\n  runtime_type = "${shimPath(wasmtime, HOST.prefix)}"\n  [${V2}.wasmtime.options]\n    SystemdCgroup = false\n`;

function k0s(merged: string, dropIns: readonly ConfigFile[], files: readonly ConfigFile[] = []) {
  const config: Partial<ConfigFacts> = {
    source: { kind: 'merged', directory: DIRECTORY, files, into: INTO },
    imported: [file(INTO, merged)],
    dropIns,
  };
  return sampleFacts('1.7.35', sampleConfig(`# k0s_managed=true\nversion = 2\nimports = ["${INTO}"]\n`, config), {
    distribution: distribution('k0s', '', { kind: 'watched', parentPid: 2 }),
  });
}

describe('the directory that k0s merges', () => {
  it('takes our file, and k0s will merge it', () => {
    const plan = planInstall(k0s(RUNC, []), [wasmtime]);
    if (plan.kind !== 'change') throw new Error(JSON.stringify(plan));
    expect(plan.files.map(({ path, after }) => ({ path, after }))).to.deep.equal([
      { path: `${DIRECTORY}/kwasm.toml`, after: { kind: 'file', text: OURS } },
    ]);
    expect(plan.files[0]?.renders?.path).to.equal(INTO);
  });

  it('is as it should be once k0s has merged it in its own words', () => {
    const facts = k0s(MERGED, [file(`${DIRECTORY}/kwasm.toml`, OURS)]);
    expect(planInstall(facts, [wasmtime])).to.have.property('kind', 'unchanged');
  });

  it('gives it back, and k0s will merge what it had before', () => {
    const plan = planUninstall(k0s(MERGED, [file(`${DIRECTORY}/kwasm.toml`, OURS)]), []);
    if (plan.kind !== 'change') throw new Error(JSON.stringify(plan));
    expect(plan.files.map(({ path, after }) => ({ path, after }))).to.deep.equal([
      { path: `${DIRECTORY}/kwasm.toml`, after: { kind: 'absent' } },
    ]);
    expect(plan.files[0]?.renders?.text).to.equal(RUNC);
    expect(plan.gone).to.deep.equal(['wasmtime']);
  });

  it('keeps what else stands in the file of an older installer', () => {
    const theirs = 'version = 2\n\n[debug]\n  level = "debug"\n';
    const old = `${theirs}\n[${V2}.wasmtime]\n  runtime_type = "/opt/kwasm/bin/containerd-shim-wasmtime-v1"\n`;
    const merged = MERGED.replace(shimPath(wasmtime, HOST.prefix), '/opt/kwasm/bin/containerd-shim-wasmtime-v1');
    const plan = planInstall(k0s(merged, [], [file(`${DIRECTORY}/x.toml`, old)]), [wasmtime]);
    if (plan.kind !== 'change') throw new Error(JSON.stringify(plan));
    expect(plan.files.find(({ path }) => path === `${DIRECTORY}/x.toml`)?.after).to.deep.equal({
      kind: 'file',
      text: theirs,
    });
  });

  it('is refused where k0s imports no merged file', () => {
    const facts = k0s(RUNC, []);
    if (facts.runtime.kind !== 'containerd') throw new Error();
    const source = { kind: 'merged', directory: DIRECTORY, files: [], into: undefined } as const;
    const config = { ...facts.runtime.config, source, imported: [] };
    const plan = planInstall({ ...facts, runtime: { ...facts.runtime, config } }, [wasmtime]);
    expect(plan).to.have.nested.property('finding.reason', 'GeneratedConfig');
  });
});
