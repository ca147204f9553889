import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { Terminal } from '../../../src/errors.ts';
import { clusterDir, clustersDir } from '../paths.ts';
import type { ContainerdMinor } from '../versions.ts';
import { CONTAINERD } from '../versions.ts';

const minors = Object.keys(CONTAINERD) as [ContainerdMinor, ...ContainerdMinor[]];

const nodeSchema = z.object({
  name: z.string(),
  /** Its place in the address range; never given to another node of this cluster while this one lives. */
  index: z.number().int(),
  containerd: z.enum(minors),
  cgroupDriver: z.enum(['cgroupfs', 'systemd']),
  machineId: z.string().regex(/^[0-9a-f]{32}$/),
});

const stateSchema = z.object({
  provider: z.literal('local'),
  name: z.string(),
  range: z.string(),
  nodes: z.array(nodeSchema),
  /** Settings of this machine that we raised, as we found them. */
  sysctlsBefore: z.record(z.string(), z.number()),
});

export type NodeState = Readonly<z.infer<typeof nodeSchema>>;
export type ClusterState = Readonly<Omit<z.infer<typeof stateSchema>, 'nodes'>> & {
  readonly nodes: readonly NodeState[];
};

/** What was asked for, as `up` wrote it down before it did anything else. */
export function readState(name: string): ClusterState | undefined {
  const file = stateFile(name);
  if (!existsSync(file)) return undefined;
  const parsed = stateSchema.safeParse(JSON.parse(readFileSync(file, 'utf8')));
  if (parsed.success) return parsed.data;
  throw new Terminal(`${file} was written by another version of this script: npm run cluster -- down --name ${name}`);
}

const remainsSchema = z.object({
  range: z.string().optional(),
  sysctlsBefore: z.record(z.string(), z.number()).default({}),
});

/** As much as anybody needs to know of a cluster to take it away, whichever version of this script made it. */
export function remains(name: string): Readonly<z.infer<typeof remainsSchema>> {
  const file = stateFile(name);
  if (!existsSync(file)) return { sysctlsBefore: {} };
  return remainsSchema.catch({ sysctlsBefore: {} }).parse(JSON.parse(readFileSync(file, 'utf8')));
}

export function writeState(state: ClusterState): void {
  mkdirSync(clusterDir(state.name), { recursive: true, mode: 0o700 });
  const file = stateFile(state.name);
  writeFileSync(`${file}.partial`, `${JSON.stringify(state, null, 2)}\n`);
  renameSync(`${file}.partial`, file);
}

export function isLocal(name: string): boolean {
  return existsSync(stateFile(name));
}

export function localClusters(): readonly string[] {
  if (!existsSync(clustersDir())) return [];
  return readdirSync(clustersDir()).filter(isLocal);
}

function stateFile(name: string): string {
  return join(clusterDir(name), 'local.json');
}
