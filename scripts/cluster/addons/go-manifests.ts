import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { loadAll } from 'js-yaml';
import type { ImageOf, KubeObject } from './addon.ts';

/** The objects of a Go project's own manifests: files, and directories with all files in them. `ko://` stands before a program's package there. */
export function goManifests(dir: string, paths: readonly string[], image: ImageOf): readonly KubeObject[] {
  return paths.flatMap(filesIn(dir)).flatMap((file) => {
    const text = readFileSync(file, 'utf8').replaceAll(/ko:\/\/[\w./-]+\/(\w+)/g, (_, program: string) =>
      image(program),
    );
    return loadAll(text).filter(isObject);
  });
}

function filesIn(dir: string): (path: string) => readonly string[] {
  return (path) => {
    const at = join(dir, path);
    if (!statSync(at).isDirectory()) return [at];
    const names = readdirSync(at).filter((name) => name.endsWith('.yaml'));
    return names.sort().map((name) => join(at, name));
  };
}

/** A document of comments alone is none. */
function isObject(document: unknown): document is KubeObject {
  return typeof document === 'object' && document !== null;
}

/** A ConfigMap with more in it. */
export function withData(objects: readonly KubeObject[], name: string, data: Readonly<Record<string, string>>) {
  const at = objects.findIndex(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === name);
  const found = objects[at];
  if (found === undefined) throw new Error(`there is no ConfigMap ${name} among the manifests`);
  return objects.with(at, { ...found, data: { ...(found['data'] as object), ...data } });
}
