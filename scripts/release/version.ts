import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Terminal } from '../../src/errors.ts';

/** Every place that names the version of a release, as its file has it. */
export interface VersionPlaces {
  readonly places: Readonly<Record<string, string | undefined>>;
  readonly changelog: string;
}

export function versionPlaces(root: string): VersionPlaces {
  const text = (file: string) => readFileSync(join(root, file), 'utf8');
  const found = (file: string, pattern: RegExp) => pattern.exec(text(file))?.[1];
  const chart = 'helm/kwasm-operator/Chart.yaml';
  return {
    places: {
      'package.json': found('package.json', /^ {2}"version": "([^"]+)"/m),
      [`${chart}, version`]: found(chart, /^version: "?([^"\s]+)"?$/m),
      [`${chart}, appVersion`]: found(chart, /^appVersion: "?([^"\s]+)"?$/m),
      'installer-image/shim/Cargo.toml': found('installer-image/shim/Cargo.toml', /^version = "([^"]+)"$/m),
      'installer-image/shim-wasmi/Cargo.toml': found('installer-image/shim-wasmi/Cargo.toml', /^version = "([^"]+)"$/m),
    },
    changelog: text('CHANGELOG.md'),
  };
}

/** The version that all of them agree on. */
export function agreedVersion({ places }: VersionPlaces): string {
  const versions = [...new Set(Object.values(places))];
  const [version] = versions;
  if (version !== undefined && versions.length === 1) return version;
  const listed = Object.entries(places).map(([place, found]) => `${place}: ${found ?? 'none'}`);
  throw new Terminal(`these must name one version:\n${listed.join('\n')}`);
}

/** What still stands between this tree and a release of `version`; `tags` are those of its commit. */
export function unready(
  version: string,
  tree: { readonly changelog: string; readonly tags: readonly string[]; readonly dirty: boolean },
): readonly string[] {
  const found: string[] = [];
  if (!tree.changelog.includes(`\n## [${version}]`)) found.push(`CHANGELOG.md has no section [${version}]`);
  if (!tree.tags.includes(`v${version}`)) found.push(`the commit has no tag v${version}`);
  if (tree.dirty) found.push('the tree has changes that are not committed');
  return found;
}
