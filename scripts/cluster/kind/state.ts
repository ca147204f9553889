import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { clusterDir } from '../paths.ts';

const schema = z.object({
  provider: z.literal('kind'),
  name: z.string(),
  /** As on this machine and on the nodes: `localhost:PORT`. */
  registry: z.string(),
  kubectl: z.string(),
  helm: z.string(),
});

/** Written when the cluster is up; Docker itself knows the rest. */
export type KindState = Readonly<z.infer<typeof schema>>;

export function readKindState(name: string): KindState | undefined {
  const file = stateFile(name);
  return existsSync(file) ? schema.parse(JSON.parse(readFileSync(file, 'utf8'))) : undefined;
}

export function isKind(name: string): boolean {
  return existsSync(stateFile(name));
}

export function writeKindState(state: KindState): void {
  mkdirSync(clusterDir(state.name), { recursive: true, mode: 0o700 });
  const file = stateFile(state.name);
  writeFileSync(`${file}.partial`, `${JSON.stringify(state, null, 2)}\n`);
  renameSync(`${file}.partial`, file);
}

function stateFile(name: string): string {
  return join(clusterDir(name), 'kind.json');
}
