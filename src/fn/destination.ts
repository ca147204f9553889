import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { Terminal } from '../errors.ts';
import { writeNewDirectory } from './new-directory.ts';
import { documentsText, filesOf } from './package-files.ts';
import { KPTFILE, type Package } from './package-reader.ts';
import { LIST_VERSION, writeList } from './resource-list.ts';
import { applyChanges, changesBetween } from './transaction.ts';
import type { YamlNode } from './yaml/node.ts';

/** Where the result goes. */
export type Destination =
  | { readonly kind: 'package' }
  | { readonly kind: 'stdout' }
  | { readonly kind: 'unwrap' }
  | { readonly kind: 'directory'; readonly directory: string };

/** `-o stdout|unwrap|DIR`; nothing: back into the package. Judged before anything runs. */
export function destinationOf(output: string | undefined): Destination {
  if (output === undefined || output === '') return { kind: 'package' };
  if (output === 'stdout' || output === 'unwrap') return { kind: output };
  if (existsSync(output))
    throw new Terminal(`directory ${JSON.stringify(output)} already exists, delete it and try again`);
  return { kind: 'directory', directory: output };
}

/** Writes the nodes there; returns what is for stdout. Files that would not change are not touched. */
export function deliver(nodes: readonly YamlNode[], destination: Destination, from: Package | undefined): string {
  switch (destination.kind) {
    case 'stdout':
      return listText(nodes);
    case 'unwrap':
      return documentsText(nodes);
    case 'directory':
      writeNewDirectory(destination.directory, filesOf(nodes));
      return '';
    case 'package': {
      if (from === undefined) return listText(nodes);
      writeBack(nodes, from);
      return '';
    }
  }
}

function listText(items: readonly YamlNode[]): string {
  return writeList({ apiVersion: LIST_VERSION, items, functionConfig: undefined, results: undefined });
}

/** A Kptfile stays whatever a function did to it: without it there is no package. */
function writeBack(nodes: readonly YamlNode[], from: Package): void {
  const before = new Map(from.files.filter(({ resources }) => resources > 0).map(({ path, text }) => [path, text]));
  const { writes, deletes } = changesBetween(before, filesOf(nodes));
  const read = new Set(from.files.map(({ path }) => path));
  for (const path of writes.keys())
    if (!read.has(path) && existsSync(join(from.directory, path)))
      throw new Terminal(
        `function must not overwrite ${path}: it is there, and none of the resources that were read (.krmignore?)`,
      );
  applyChanges(from.directory, { writes, deletes: deletes.filter((path) => basename(path) !== KPTFILE) });
}
