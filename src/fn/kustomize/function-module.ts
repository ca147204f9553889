import { readFile, realpath } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { messageOf, Terminal } from '../../errors.ts';
import type { Access } from '../../oci/access.ts';
import { digestOf } from '../../oci/digest.ts';
import { type PullOptions, pullModule } from '../../oci/pull.ts';
import { formatReference, parseReference, withDigest } from '../../oci/reference.ts';
import { isWasm } from '../../oci/wasm-names.ts';
import type { ModuleSource } from './function-spec.ts';
import { type Candidate, forbidden, type Policy } from './policy.ts';

export interface ModuleRules {
  /** What `file` may not lead out of; undefined: the kustomization that names the function. */
  readonly root: string | undefined;
  readonly requireDigest: boolean;
  readonly policy: Policy | undefined;
  readonly pull: Pick<PullOptions, 'policy' | 'offline'>;
  readonly access: Access;
}

/** A function's module, found, checked and allowed. */
export interface FunctionModule {
  /** For messages. */
  readonly name: string;
  readonly bytes: Buffer;
  readonly digest: string;
  /** An image's, by digest: what is to be written where it is to stay the same. */
  readonly pinned: string | undefined;
}

/** `namer` is the kustomization that names the function: paths start there, as an exec function's do. */
export async function findFunctionModule(
  source: ModuleSource,
  namer: string,
  where: string,
  rules: ModuleRules,
): Promise<FunctionModule> {
  const found =
    source.kind === 'file'
      ? await fromFile(source.path, namer, where, rules)
      : await fromImage(source.reference, where, rules);
  const why = rules.policy === undefined ? undefined : forbidden(found.candidate, rules.policy);
  if (why !== undefined) throw new Terminal(`${where}: ${found.module.name} may not run: ${why}`);
  return found.module;
}

interface Found {
  readonly module: FunctionModule;
  readonly candidate: Candidate;
}

async function fromFile(path: string, namer: string, where: string, { root = namer }: ModuleRules): Promise<Found> {
  if (isAbsolute(path)) throw new Terminal(`${where}: 'file: ${path}' is absolute; write it relative to ${namer}`);
  const file = await realpath(join(namer, path)).catch((cause: unknown) => {
    throw new Terminal(`${where}: failed to read wasi binary(path: '${path}') from ${namer}: ${messageOf(cause)}`, {
      cause,
    });
  });
  if (!file.startsWith(root.endsWith('/') ? root : `${root}/`)) {
    throw new Terminal(
      `${where}: 'file: ${path}' leads to ${file}, outside of ${root}; a function lies in the repository of its kustomization (--root names it where git does not)`,
    );
  }
  const bytes = await readFile(file);
  if (!isWasm(bytes)) throw new Terminal(`${where}: ${file}: not a WebAssembly module (${bytes.length} bytes)`);
  const digest = digestOf(bytes);
  return {
    module: { name: path, bytes, digest, pinned: undefined },
    candidate: { digest, from: { kind: 'file', path: file } },
  };
}

async function fromImage(text: string, where: string, { requireDigest, pull, access }: ModuleRules): Promise<Found> {
  const reference = parseReference(text);
  const pinned = reference.digest !== undefined;
  if (requireDigest && !pinned) {
    throw new Terminal(
      `${where}: 'image: ${text}' has no digest, and --require-digest was given; write it with @sha256:...`,
    );
  }
  const { bytes, digest, resolved } = await pullModule(text, access, { ...pull, prefer: 'wasi' });
  const repository = `${reference.registry}/${reference.repository}`;
  return {
    module: { name: text, bytes, digest, pinned: formatReference(withDigest(reference, resolved)) },
    candidate: { digest, from: { kind: 'image', repository, pinned } },
  };
}
