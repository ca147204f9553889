import { distribution } from './distribution.ts';
import type { ConfigFacts, ConfigFile, ContainerdFacts, Facts, LiveHandler } from './facts.ts';
import { declaredHandlers, RUNTIMES } from './handlers.ts';
import type { ShimAsset } from './shim.ts';
import { parseDocument, tableAt } from './toml.ts';

/** Hosts for tests: a healthy one, of which a test changes what it is about. */
export const ROOT = '/etc/containerd/config.toml';

export const wasmtime: ShimAsset = {
  handler: 'wasmtime',
  binary: 'containerd-shim-wasmtime-v1',
  version: '1.0.1',
  arch: 'amd64',
  sha256: '0123456789abcdef'.repeat(4),
  file: 'containerd-shim-wasmtime-v1',
};

export const file = (path: string, text: string): ConfigFile => ({ kind: 'file', path, text });

export function sampleConfig(rootText: string | undefined, more: Partial<ConfigFacts> = {}): ConfigFacts {
  return {
    source: { kind: 'file' },
    root: rootText === undefined ? { kind: 'absent', path: ROOT } : file(ROOT, rootText),
    imported: [],
    globs: [],
    missing: [],
    dropIns: [],
    kwasmMarker: { kind: 'absent', path: '/opt/kwasm/active' },
    missingDirectories: [],
    ...more,
  };
}

/** The daemon as if it had just been started with these files; its dump has what every dump has: runc. */
export function sampleFacts(version: string, config: ConfigFacts, runtime: Partial<ContainerdFacts> = {}): Facts {
  const dump = dumpOf(version, config);
  return {
    host: {
      machineId: 'm',
      arch: 'amd64',
      os: 'Debian GNU/Linux 13 (trixie)',
      osId: 'debian',
      platform: undefined,
      systemd: true,
      readOnly: [],
    },
    runtime: {
      kind: 'containerd',
      version,
      socket: '/run/containerd/containerd.sock',
      pid: 42,
      binary: '/usr/bin/containerd',
      binaryReplaced: false,
      distribution: distribution('generic'),
      unit: 'containerd.service',
      config,
      dump,
      live: liveOf(dump),
      ...runtime,
    },
    createdDirectories: [],
  };
}

function liveOf(dump: unknown): readonly LiveHandler[] {
  return declaredHandlers(dump).map(({ schema, name, type }) => ({
    name,
    type,
    options: tableAt(dump, [...RUNTIMES[schema], name, 'options']) ?? {},
  }));
}

function dumpOf(version: string, config: ConfigFacts): unknown {
  const files = [config.root, ...config.imported].filter((one) => one.kind === 'file');
  const runc = { runtime_type: 'io.containerd.runc.v2', runtime_root: '', options: { SystemdCgroup: false } };
  const runtimes: Record<string, unknown> = { runc };
  for (const { text } of files) {
    const parsed = parseDocument(text);
    const value = parsed.kind === 'toml' ? parsed.document.value : {};
    for (const { schema, name, type } of declaredHandlers(value)) {
      const told = tableAt(value, [...RUNTIMES[schema], name, 'options']);
      runtimes[name] = { runtime_type: type, options: name === 'runc' ? { ...runc.options, ...told } : (told ?? {}) };
    }
  }
  const path = RUNTIMES[version.startsWith('1.') ? 2 : 3];
  return { plugins: { [path[1]]: { containerd: { default_runtime_name: 'runc', runtimes } } } };
}
