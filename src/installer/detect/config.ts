import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path/posix';
import { HOST } from '../../contract.ts';
import type { Host } from '../host.ts';
import { DROP_IN } from '../plan/drop-in.ts';
import type { ConfigFacts, ConfigFile, DistributionKind } from '../plan/facts.ts';
import { componentMatcher, isGlob } from '../plan/glob.ts';
import { importPatterns, OWN_DIRECTORY } from '../plan/imports.ts';
import { parseDocument } from '../plan/toml.ts';
import { Refusal } from '../refusal.ts';
import { readConfigFile } from './files.ts';
import { readSource } from './source.ts';

const FILES_MAX = 1000;
const KWASM_MARKER = join(HOST.prefix, 'active');

/** All files that the daemon reads, in its own order: the root, its imports as listed, then theirs; each file once. */
export function readConfig(host: Host, rootPath: string, kind: DistributionKind = 'generic'): ConfigFacts {
  // By the name that the daemon is given: it looks for relative imports beside that, also where it is a link.
  const root = readConfigFile(host, rootPath);
  const imported: ConfigFile[] = [];
  const globs: string[] = [];
  const missing: string[] = [];
  const seen = new Set([root.path]);
  const pending = root.kind === 'file' ? [root] : [];
  for (let file = pending.shift(); file !== undefined; file = pending.shift()) {
    for (const pattern of patternsOf(file)) {
      if (isGlob(pattern)) globs.push(pattern);
      for (const path of isGlob(pattern) ? expand(host, pattern) : [pattern]) {
        const found = seen.has(path) ? undefined : readConfigFile(host, path);
        seen.add(path);
        if (found?.kind === 'absent') missing.push(path);
        if (found?.kind !== 'file') continue;
        if (imported.push(found) > FILES_MAX)
          throw new Refusal('ConfigUnreadable', `${rootPath} imports more than ${FILES_MAX} files`);
        pending.push(found);
      }
    }
  }
  const source = readSource(host, kind, root, imported);
  const directories = [
    ...globs.map((glob) => dirname(glob)).filter((path) => !isGlob(path)),
    ...(source.kind === 'merged' ? [source.directory] : []),
    ...(source.kind === 'file' ? [OWN_DIRECTORY] : []),
  ];
  return {
    source,
    root,
    imported,
    globs,
    missing,
    dropIns: [...new Set(directories)].flatMap((directory) => {
      const file = readConfigFile(host, join(directory, DROP_IN));
      return file.kind === 'file' ? [file] : [];
    }),
    kwasmMarker: readConfigFile(host, KWASM_MARKER),
    missingDirectories: missingParents(host, [...directories, dirname(root.path)]),
  };
}

function patternsOf({ text, path }: ConfigFile): readonly string[] {
  const parsed = parseDocument(text);
  return parsed.kind === 'toml' ? importPatterns(parsed.document.value, path) : [];
}

/** As Go's filepath.Glob: every component may be a pattern, and the result is sorted. */
function expand(host: Host, pattern: string): readonly string[] {
  const directory = dirname(pattern);
  const parents = isGlob(directory) ? expand(host, directory) : [directory];
  const matches = componentMatcher(basename(pattern));
  return parents.flatMap((parent) =>
    statSync(host.at(parent), { throwIfNoEntry: false })?.isDirectory()
      ? readdirSync(host.at(parent))
          .filter(matches)
          .sort()
          .map((name) => join(parent, name))
      : [],
  );
}

function missingParents(host: Host, directories: readonly string[]): readonly string[] {
  const all = directories.flatMap((directory) => {
    const parts = directory.split('/').filter(Boolean);
    return parts.map((_, index) => `/${parts.slice(0, index + 1).join('/')}`);
  });
  return [...new Set(all)].filter((path) => !existsSync(host.at(path))).sort();
}
