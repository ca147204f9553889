import { expect } from 'chai';
import { distribution } from './distribution.ts';
import type { ContainerdFacts, Facts, HostFacts } from './facts.ts';
import { planInstall } from './install.ts';
import { file, sampleConfig, sampleFacts, wasmtime } from './sample-facts.ts';
import { planUninstall } from './uninstall.ts';

const V2 = 'plugins."io.containerd.grpc.v1.cri".containerd.runtimes';
const healthy = sampleConfig('version = 2\n');
const withRuntime = (more: Partial<ContainerdFacts>): Facts => sampleFacts('1.7.35', healthy, more);
const withHost = (more: Partial<HostFacts>): Facts => {
  const facts = sampleFacts('1.7.35', healthy);
  return { ...facts, host: { ...facts.host, ...more } };
};
const withRoot = (version: string, text: string): Facts => sampleFacts(version, sampleConfig(text));

/** A K3s node without templates, which renders this. */
function rancher(version: string, release: string, rendered: string): Facts {
  const directory = '/var/lib/rancher/k3s/agent/etc/containerd';
  const templates = ['config-v3.toml.tmpl', 'config.toml.tmpl'].map((name) => `${directory}/${name}`);
  const config = sampleConfig(rendered, {
    source: { kind: 'template', language: 'go', files: templates.map((path) => ({ kind: 'absent', path })) },
  });
  return sampleFacts(version, config, {
    distribution: distribution('k3s', release, { kind: 'parentUnit', parentPid: 2 }),
  });
}

/** Each reason, and a word that the message must hold: what or where it is. */
const cases: readonly { name: string; facts: Facts; reason: string; says: string }[] = [
  {
    name: 'no runtime',
    facts: { ...withHost({}), runtime: { kind: 'none', searched: ['/run/containerd/containerd.sock'] } },
    reason: 'NoRuntime',
    says: '/run/containerd/containerd.sock',
  },
  {
    name: 'CRI-O',
    facts: { ...withHost({}), runtime: { kind: 'other', name: 'CRI-O', socket: '/run/crio/crio.sock' } },
    reason: 'NotContainerd',
    says: 'CRI-O',
  },
  {
    name: 'CRI-O, and what does run Wasm there',
    facts: { ...withHost({}), runtime: { kind: 'other', name: 'CRI-O', socket: '/run/crio/crio.sock' } },
    reason: 'NotContainerd',
    says: 'crun',
  },
  ...(
    [
      ['talos', 'system extensions'],
      ['bottlerocket', 'Amazon Linux'],
      ['cos', 'Ubuntu'],
      ['something', 'part of their image'],
    ] as const
  ).map(([osId, says]) => ({
    name: `${osId}, and the way out`,
    facts: withHost({ osId, readOnly: ['/opt/kwasm'] }),
    reason: 'ReadOnlyHost',
    says,
  })),
  {
    name: 'K3s too old for its own base template',
    facts: rancher('1.7.1-k3s1', '1.27.4+k3s1', `version = 2\n[${V2}.runc]\nruntime_type = "io.containerd.runc.v2"\n`),
    reason: 'GeneratedConfig',
    says: '1.27.4+k3s1 cannot extend its own template',
  },
  {
    name: 'a shim that K3s found by itself',
    facts: rancher(
      '1.7.23-k3s2',
      '1.30.6+k3s1',
      `version = 2\n[${V2}.wasmtime]\nruntime_type = "io.containerd.wasmtime.v1"\n[${V2}.wasmtime.options]\nBinaryName = "/opt/kwasm/bin/containerd-shim-wasmtime-v1"\n`,
    ),
    reason: 'HandlerDeclaredElsewhere',
    says: 'move that file away and restart K3s',
  },
  { name: 'OpenRC', facts: withHost({ systemd: false }), reason: 'NoSystemd', says: 'Debian' },
  { name: 'started by hand', facts: withRuntime({ unit: '' }), reason: 'NoUnit', says: 'pid 42' },
  { name: 'containerd 1.5', facts: withRuntime({ version: '1.5.9' }), reason: 'UnsupportedContainerd', says: '1.5.9' },
  { name: 'containerd 3', facts: withRuntime({ version: '3.0.0' }), reason: 'UnsupportedContainerd', says: '3.0.0' },
  {
    name: 'an upgrade without a restart',
    facts: withRuntime({ binaryReplaced: true }),
    reason: 'BinaryReplaced',
    says: 'systemctl restart containerd.service',
  },
  { name: 'read-only /etc', facts: withHost({ readOnly: ['/etc'] }), reason: 'ReadOnlyHost', says: '/etc' },
  { name: 'no TOML', facts: withRoot('1.7.35', 'version = \n'), reason: 'ConfigUnreadable', says: 'config.toml' },
  {
    name: 'an import that is missing',
    facts: sampleFacts('2.3.7', sampleConfig('version = 3\nimports = ["/etc/x.toml"]\n', { missing: ['/etc/x.toml'] })),
    reason: 'ImportMissing',
    says: '/etc/x.toml',
  },
  {
    name: "somebody's edit that waits for a restart",
    facts: withRuntime({ live: [] }),
    reason: 'ConfigNotLive',
    says: 'runc=io.containerd.runc.v2',
  },
  { name: 'another architecture', facts: withHost({ arch: 'riscv64' }), reason: 'NoShimForArch', says: 'riscv64' },
  {
    name: 'a table of somebody else with our name',
    facts: withRoot('1.7.35', `version = 2\n[${V2}.wasmtime]\nruntime_type = "io.containerd.wasmtime.v1"\n`),
    reason: 'HandlerDeclaredElsewhere',
    says: '[plugins.io.containerd.grpc.v1.cri.containerd.runtimes.wasmtime]',
  },
  {
    name: 'the same in an imported file',
    facts: sampleFacts(
      '2.3.7',
      sampleConfig('version = 2\nimports = ["/etc/containerd/conf.d/*.toml"]\n', {
        globs: ['/etc/containerd/conf.d/*.toml'],
        imported: [file('/etc/containerd/conf.d/x.toml', `[${V2}.wasmtime]\nruntime_type = "x"\n`)],
      }),
    ),
    reason: 'HandlerDeclaredElsewhere',
    says: '/etc/containerd/conf.d/x.toml',
  },
  {
    name: 'a handler that no file declares',
    facts: sampleFacts('2.3.7', sampleConfig('version = 3\n'), {
      dump: {
        plugins: { 'io.containerd.cri.v1.runtime': { containerd: { runtimes: { wasmtime: { runtime_type: 'x' } } } } },
      },
      live: [{ name: 'wasmtime', type: 'x', options: {} }],
    }),
    reason: 'HandlerDeclaredElsewhere',
    says: 'the running containerd',
  },
  {
    name: 'runtimes in an inline table, on 1.x',
    facts: withRoot(
      '1.7.35',
      'version = 2\n[plugins."io.containerd.grpc.v1.cri".containerd]\nruntimes = { runc = { runtime_type = "io.containerd.runc.v2" } }\n',
    ),
    reason: 'ConfigNotExtendable',
    says: 'inline table',
  },
  {
    name: "a file in our drop-in's place",
    facts: sampleFacts(
      '2.3.7',
      sampleConfig('version = 3\nimports = ["/etc/containerd/conf.d/*.toml"]\n', {
        globs: ['/etc/containerd/conf.d/*.toml'],
        dropIns: [file('/etc/containerd/conf.d/kwasm.toml', '# mine\n')],
      }),
    ),
    reason: 'ForeignFile',
    says: '/etc/containerd/conf.d/kwasm.toml',
  },
];

describe('refusals', () => {
  for (const { name, facts, reason, says } of cases) {
    it(`${reason}: ${name}`, () => {
      const plan = planInstall(facts, [wasmtime]);
      expect(plan).to.have.property('kind', 'refused');
      if (plan.kind !== 'refused') return;
      expect(plan.finding.reason).to.equal(reason);
      expect(plan.finding.message).to.contain(says);
    });
  }

  it('InUse: the pods that still run on a handler of ours, by name', () => {
    const facts = withRuntime({
      live: [
        { name: 'runc', type: 'io.containerd.runc.v2', options: {} },
        { name: 'wasmtime', type: '/opt/kwasm/shims/wasmtime/0/containerd-shim-wasmtime-v1', options: {} },
      ],
    });
    const plan = planUninstall(facts, [
      { pod: 'shop/cart', podUid: 'u1', handler: 'wasmtime' },
      { pod: 'shop/web', podUid: 'u2', handler: 'runc' },
    ]);
    expect(plan).to.have.nested.property('finding.reason', 'InUse');
    expect(plan).to.have.deep.nested.property('finding.pods', ['shop/cart/u1']);
    expect(plan).to.have.nested.property('finding.message').that.contains('shop/cart (wasmtime)');
    expect(plan).to.have.nested.property('finding.message').that.does.not.contain('shop/web');
  });
});
