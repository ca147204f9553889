import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as z from 'zod';
import { normalized } from './licence.ts';
import { expression, type Part } from './part.ts';

/** `cargo metadata --format-version 1`, as far as it is read. */
export const metadataSchema = z.object({
  packages: z.array(
    z.object({
      id: z.string(),
      name: z.string(),
      version: z.string(),
      license: z.string().nullable(),
      source: z.string().nullable(),
      manifest_path: z.string(),
    }),
  ),
  resolve: z.object({
    root: z.string(),
    nodes: z.array(
      z.object({
        id: z.string(),
        deps: z.array(z.object({ pkg: z.string(), dep_kinds: z.array(z.object({ kind: z.string().nullable() })) })),
      }),
    ),
  }),
});
export type Metadata = z.infer<typeof metadataSchema>;

/** What installer-image/SHIM/crates.json holds: read where there is no cargo. */
export const cratesSchema = z.object({
  /** Of the Cargo.lock it was made from. */
  lock: z.string(),
  crates: z.array(z.object({ name: z.string(), version: z.string(), licence: z.string(), sha256: z.string() })),
});
export type Crates = z.infer<typeof cratesSchema>;

/** Crates that name a file instead of a licence; by name and version, since the next one may have another text. */
const BY_FILE: Readonly<Record<string, string>> = { 'rust-criu 0.4.0': 'MIT' };

export interface Crate {
  readonly part: Part;
  readonly dir: string;
}

/** What is compiled into the program: not what only its build or its tests use, and not the program itself. */
export function linkedCrates(metadata: Metadata, lock: string): readonly Crate[] {
  const nodes = new Map(metadata.resolve.nodes.map((node) => [node.id, node]));
  const reached = new Set<string>();
  const waiting = [metadata.resolve.root];
  for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
    if (reached.has(id)) continue;
    reached.add(id);
    for (const { pkg, dep_kinds } of nodes.get(id)?.deps ?? []) {
      if (dep_kinds.some(({ kind }) => kind === null)) waiting.push(pkg);
    }
  }
  const linked = metadata.packages.filter(({ id, source }) => source !== null && reached.has(id));
  return linked.map(({ name, version, license, manifest_path }) => {
    const licence = expression(normalized(license ?? BY_FILE[`${name} ${version}`] ?? ''));
    const part: Part = { kind: 'cargo', name, version, licence, sha256: checksum(lock, name, version) };
    return { part, dir: dirname(manifest_path) };
  });
}

function checksum(lock: string, name: string, version: string): string {
  const [, after] = lock.split(`name = "${name}"\nversion = "${version}"\n`);
  const sha256 = /^checksum = "([0-9a-f]{64})"$/m.exec(after?.split('\n\n')[0] ?? '')?.[1];
  if (sha256 === undefined) throw new Error(`Cargo.lock has no checksum of ${name} ${version}`);
  return sha256;
}

export function lockHash(crate: string): string {
  return createHash('sha256')
    .update(readFileSync(join(crate, 'Cargo.lock')))
    .digest('hex');
}

export function recordedCrates(crate: string): Crates {
  return cratesSchema.parse(JSON.parse(readFileSync(join(crate, 'crates.json'), 'utf8')));
}

/** libseccomp comes from the machine that compiles, as a static library (scripts/shim/build.ts). */
export const LIBSECCOMP: Part = {
  kind: 'linked',
  name: 'libseccomp',
  version: undefined,
  licence: expression('LGPL-2.1-only'),
};

export function shimParts(crate: string): readonly Part[] {
  const crates = recordedCrates(crate).crates.map(({ name, version, licence, sha256 }): Part => {
    return { kind: 'cargo', name, version, licence: expression(licence), sha256 };
  });
  return [...crates, LIBSECCOMP];
}
