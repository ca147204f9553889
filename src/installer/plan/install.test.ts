import { expect } from 'chai';
import type { Plan } from './change.ts';
import type { ConfigFacts } from './facts.ts';
import { planInstall } from './install.ts';
import { file, ROOT, sampleConfig, sampleFacts, wasmtime } from './sample-facts.ts';

const V2 = 'plugins."io.containerd.grpc.v1.cri".containerd.runtimes';
const V3 = 'plugins."io.containerd.cri.v1.runtime".containerd.runtimes';
const SHIM = '/opt/kwasm/shims/wasmtime/0123456789abcdef/containerd-shim-wasmtime-v1';
const ours = (table: string, eol = '\n') =>
  [
    `[${table}.wasmtime]`,
    `  runtime_type = "${SHIM}"`,
    `  [${table}.wasmtime.options]`,
    '    SystemdCgroup = false',
    '',
  ].join(eol);
const BEGIN = '# BEGIN kwasm: managed by the kwasm installer, do not edit; removed on uninstall';
const block = (table: string, eol = '\n') => `${eol}${BEGIN}${eol}${ours(table, eol)}# END kwasm${eol}`;
const HEADER = '# Written by kwasm: managed by the kwasm installer, do not edit; removed on uninstall.\n';
const IMPORT = 'imports = ["/etc/containerd/kwasm.d/*.toml"] # added by kwasm, removed on uninstall';
const RUNC = `[${V2}.runc]\nruntime_type = "io.containerd.runc.v2"\n`;

interface Case {
  readonly name: string;
  readonly version: string;
  readonly config: ConfigFacts;
  readonly files: Readonly<Record<string, string>>;
}

const OWN = '/etc/containerd/kwasm.d/kwasm.toml';
const CONF_D = '/etc/containerd/conf.d/kwasm.toml';
const cases: readonly Case[] = [
  {
    name: '1.7, comments and odd quoting: a block at the end, no byte above it changed',
    version: '1.7.35',
    config: sampleConfig(
      `# by hand\n"version" = 2 # two\n\n[plugins.'io.containerd.grpc.v1.cri'.containerd.runtimes."runc"]\n`,
    ),
    files: {
      [ROOT]: `# by hand\n"version" = 2 # two\n\n[plugins.'io.containerd.grpc.v1.cri'.containerd.runtimes."runc"]\n${block(V2)}`,
    },
  },
  {
    name: '1.7, CRLF: the block has CRLF, too',
    version: '1.7.35',
    config: sampleConfig(`version = 2\r\n[${V2}.runc]\r\nruntime_type = "io.containerd.runc.v2"\r\n`),
    files: {
      [ROOT]: `version = 2\r\n[${V2}.runc]\r\nruntime_type = "io.containerd.runc.v2"\r\n${block(V2, '\r\n')}`,
    },
  },
  {
    name: '1.6: no options, which it would hand to the shim empty',
    version: '1.6.36',
    config: sampleConfig(`version = 2\n${RUNC}`),
    files: {
      [ROOT]: `version = 2\n${RUNC}\n${BEGIN}\n[${V2}.wasmtime]\n  runtime_type = "${SHIM}"\n# END kwasm\n`,
    },
  },
  {
    name: '1.7, no line break at the end',
    version: '1.7.35',
    config: sampleConfig(`version = 2\n${RUNC.trimEnd()}`),
    files: { [ROOT]: `version = 2\n${RUNC.trimEnd()}${block(V2)}` },
  },
  {
    name: '1.7, no runtime declared: the built-in runc is spelled out, or ours would replace it',
    version: '1.7.35',
    config: sampleConfig('version = 2\n'),
    files: {
      [ROOT]: `version = 2\n\n${BEGIN}\n[${V2}.runc]\n  runtime_type = "io.containerd.runc.v2"\n[${V2}.runc.options]\n  SystemdCgroup = false\n${ours(V2)}# END kwasm\n`,
    },
  },
  {
    name: '1.7, no file at all: one is made, with a version',
    version: '1.7.35',
    config: sampleConfig(undefined),
    files: {
      [ROOT]: `# Created by kwasm: this node had no containerd configuration.\nversion = 2\n\n${BEGIN}\n[${V2}.runc]\n  runtime_type = "io.containerd.runc.v2"\n[${V2}.runc.options]\n  SystemdCgroup = false\n${ours(V2)}# END kwasm\n`,
    },
  },
  {
    name: "2.3, a pattern is imported already: a drop-in in its directory, in the root's schema, without a version",
    version: '2.3.7',
    config: sampleConfig('version = 3\nimports = ["/etc/containerd/conf.d/*.toml"]\n', {
      globs: ['/etc/containerd/conf.d/*.toml'],
    }),
    files: { [CONF_D]: HEADER + ours(V3) },
  },
  {
    name: '2.1, version 2 at the top and in the tables: the drop-in stays in that schema',
    version: '2.1.9',
    config: sampleConfig(`version = 2\nimports = ["/etc/containerd/conf.d/*.toml"]\n${RUNC}`, {
      globs: ['/etc/containerd/conf.d/*.toml'],
    }),
    files: { [CONF_D]: HEADER + ours(V2) },
  },
  {
    name: '2.1, version 2 above version 3 tables (AKS): the tables decide',
    version: '2.1.9',
    config: sampleConfig(`version = 2\n[plugins."io.containerd.cri.v1.runtime"]\nenable_selinux = false\n`),
    files: {
      [OWN]: HEADER + ours(V3),
      [ROOT]: `${IMPORT}\nversion = 2\n[plugins."io.containerd.cri.v1.runtime"]\nenable_selinux = false\n`,
    },
  },
  {
    name: '2.3, imports that are no patterns: ours is added behind them',
    version: '2.3.7',
    config: sampleConfig('version = 3\nimports = [\n  "/etc/a.toml", # first\n]\n', {
      imported: [file('/etc/a.toml', 'oom_score = 0\n')],
    }),
    files: {
      [OWN]: HEADER + ours(V3),
      [ROOT]: 'version = 3\nimports = [\n  "/etc/a.toml", "/etc/containerd/kwasm.d/*.toml", # first\n]\n',
    },
  },
  {
    name: '2.3, an empty list of imports',
    version: '2.3.7',
    config: sampleConfig('version = 3\nimports = [] # none\n'),
    files: {
      [OWN]: HEADER + ours(V3),
      [ROOT]: 'version = 3\nimports = ["/etc/containerd/kwasm.d/*.toml"] # none\n',
    },
  },
  {
    name: '2.3, no file at all: without one containerd imports nothing',
    version: '2.3.7',
    config: sampleConfig(undefined),
    files: {
      [OWN]: HEADER + ours(V3),
      [ROOT]: `${IMPORT}\n# Created by kwasm: this node had no containerd configuration.\nversion = 3\n`,
    },
  },
  {
    name: "1.7, KWasm's own unmarked table: replaced by ours, the others of its tables stay",
    version: '1.7.35',
    config: sampleConfig(
      `version = 2\n${RUNC}\n[${V2}.spin]\n    runtime_type = "/opt/kwasm/bin/containerd-shim-spin-v1"\n[${V2}.wasmtime]\n    runtime_type = "/opt/kwasm/bin/containerd-shim-wasmtime-v1"\n`,
    ),
    files: {
      [ROOT]: `version = 2\n${RUNC}\n[${V2}.spin]\n    runtime_type = "/opt/kwasm/bin/containerd-shim-spin-v1"\n${block(V2)}`,
    },
  },
  {
    name: "1.7, runtime-class-manager's table with its options: replaced by ours, the others of its tables stay",
    version: '1.7.35',
    config: sampleConfig(
      `version = 2\n${RUNC}\n# RCM runtime config for wasmtime\n[${V2}.wasmtime]\nruntime_type = "/opt/rcm/bin/containerd-shim-wasmtime"\n[${V2}.wasmtime.options]\nSystemdCgroup = true\n[${V2}.spin-v2]\nruntime_type = "/opt/rcm/bin/containerd-shim-spin-v2"\n`,
    ),
    files: {
      [ROOT]: `version = 2\n${RUNC}\n# RCM runtime config for wasmtime\n[${V2}.spin-v2]\nruntime_type = "/opt/rcm/bin/containerd-shim-spin-v2"\n${block(V2)}`,
    },
  },
  {
    name: "2.3, KWasm's table in the schema that containerd 2 ignores: taken out, the drop-in takes its place",
    version: '2.3.7',
    config: sampleConfig(
      `version = 3\nimports = ["/etc/containerd/conf.d/*.toml"]\n\n[${V2}.wasmtime]\n    runtime_type = "/opt/kwasm/bin/containerd-shim-wasmtime-v1"\n`,
      { globs: ['/etc/containerd/conf.d/*.toml'] },
    ),
    files: {
      [CONF_D]: HEADER + ours(V3),
      [ROOT]: 'version = 3\nimports = ["/etc/containerd/conf.d/*.toml"]\n',
    },
  },
  {
    name: '1.7, an older shim of ours: only the block changes, where it is',
    version: '1.7.35',
    config: sampleConfig(
      `version = 2\n${RUNC}${block(V2).replace(/0123456789abcdef/, 'ffffffffffffffff')}# theirs, below\n`,
    ),
    files: { [ROOT]: `version = 2\n${RUNC}${block(V2)}# theirs, below\n` },
  },
];

describe('planInstall', () => {
  for (const { name, version, config, files } of cases) {
    it(name, () => {
      const plan = planInstall(sampleFacts(version, config), [wasmtime]);
      expect(plan).to.have.property('kind', 'change');
      expect(written(plan)).to.deep.equal(files);
    });
  }

  it('copies SystemdCgroup from the default runtime of the daemon', () => {
    const facts = sampleFacts('2.3.7', sampleConfig('version = 3\n'), {
      dump: {
        plugins: {
          'io.containerd.cri.v1.runtime': {
            containerd: { default_runtime_name: 'other', runtimes: { other: { options: { SystemdCgroup: true } } } },
          },
        },
      },
      live: [{ name: 'other', type: '', options: {} }],
    });
    expect(written(planInstall(facts, [wasmtime]))[OWN]).to.contain('SystemdCgroup = true');
  });

  it('makes the directories that are missing, parents first', () => {
    const config = sampleConfig(undefined, { missingDirectories: ['/etc/containerd', '/etc/containerd/kwasm.d'] });
    const plan = planInstall(sampleFacts('2.3.7', config), [wasmtime]);
    expect(plan).to.have.deep.property('createDirectories', ['/etc/containerd', '/etc/containerd/kwasm.d']);
  });

  it('restarts, but writes nothing, when the files are right and the daemon has not read them', () => {
    const config = sampleConfig(`version = 2\n${RUNC}${block(V2)}`);
    const facts = sampleFacts('1.7.35', config, {
      live: [{ name: 'runc', type: 'io.containerd.runc.v2', options: {} }],
    });
    expect(planInstall(facts, [wasmtime])).to.deep.include({ kind: 'change', files: [] });
  });

  it('does nothing when the daemon serves them', () => {
    const facts = sampleFacts('1.7.35', sampleConfig(`version = 2\n${RUNC}${block(V2)}`));
    expect(planInstall(facts, [wasmtime])).to.have.property('kind', 'unchanged');
  });
});

function written(plan: Plan): Readonly<Record<string, string>> {
  if (plan.kind !== 'change') return {};
  return Object.fromEntries(
    plan.files.flatMap(({ path, after }) => (after.kind === 'file' ? [[path, after.text]] : [])),
  );
}
