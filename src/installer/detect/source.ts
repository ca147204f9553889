import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path/posix';
import type { Host } from '../host.ts';
import { DROP_IN } from '../plan/drop-in.ts';
import type { AbsentFile, ConfigFile, ConfigSource, DistributionKind } from '../plan/facts.ts';
import { readConfigFile } from './files.ts';

const K0S_DIRECTORY = '/etc/k0s/containerd.d';
/** k0s writes the file only while this line stands at its top; without it the file is its owner's. */
const K0S_MANAGED = /^\s*# k0s_managed=true\s*$/m;

/** Where the root configuration comes from. `imported` are the files it names. */
export function readSource(
  host: Host,
  kind: DistributionKind,
  root: ConfigFile | AbsentFile,
  imported: readonly ConfigFile[],
): ConfigSource {
  const directory = dirname(root.path);
  const read = (name: string) => readConfigFile(host, join(directory, name));
  switch (kind) {
    case 'k3s':
    case 'rke2':
      return { kind: 'template', language: 'go', files: ['config-v3.toml.tmpl', 'config.toml.tmpl'].map(read) };
    case 'microk8s':
      return { kind: 'template', language: 'sed', files: [read('containerd-template.toml')] };
    case 'k0s':
      return root.kind === 'file' && !K0S_MANAGED.test(firstLines(root.text))
        ? { kind: 'file' }
        : { kind: 'merged', directory: K0S_DIRECTORY, files: patches(host), into: mergedFile(imported) };
    case 'generic':
      return { kind: 'file' };
  }
}

/** Releases before 1.30 began with an empty line. */
const firstLines = (text: string): string => text.split('\n').slice(0, 2).join('\n');

/** Below its run directory, which may be moved; its name stays. */
const mergedFile = (imported: readonly ConfigFile[]): string | undefined =>
  imported.find(({ path }) => path.endsWith('/containerd-cri.toml'))?.path;

function patches(host: Host): readonly ConfigFile[] {
  const at = host.at(K0S_DIRECTORY);
  if (!existsSync(at)) return [];
  return readdirSync(at)
    .filter((name) => name.endsWith('.toml') && name !== DROP_IN)
    .sort()
    .map((name) => readConfigFile(host, join(K0S_DIRECTORY, name)))
    .filter((file) => file.kind === 'file');
}
