import { readFile, realpath } from 'node:fs/promises';
import { dirname, matchesGlob, relative } from 'node:path';
import { parseDocument } from 'yaml';
import * as z from 'zod';
import { messageOf, Terminal } from '../../errors.ts';

/** Which Wasm functions may run: those that one rule allows. A rule holds if everything that it names fits. */
export interface Policy {
  readonly file: string;
  readonly requireDigest: boolean;
  readonly allow: readonly Rule[];
}

const rule = z
  .strictObject({
    /** Of the module itself, however it is named. */
    digest: z
      .string()
      .regex(/^sha256:[0-9a-f]{64}$/, 'is written sha256: and 64 hexadecimal digits')
      .optional(),
    /** Registry and repository, with * and ** as in paths. */
    image: z.string().min(1).optional(),
    /** A path from where the policy lies, with * and **. */
    file: z.string().min(1).optional(),
  })
  .refine((one) => Object.keys(one).length > 0, 'a rule names a digest, an image or a file')
  .refine((one) => one.image === undefined || one.file === undefined, 'a rule names an image or a file, not both');
type Rule = z.infer<typeof rule>;

const shape = z.strictObject({
  apiVersion: z.literal('kwasm.sh/v1alpha1'),
  kind: z.literal('FunctionPolicy'),
  requireDigest: z.boolean().default(false),
  allow: z.array(rule).default([]),
});

/** A function as it is about to be run. */
export interface Candidate {
  readonly digest: string;
  readonly from:
    | { readonly kind: 'file'; readonly path: string }
    | { readonly kind: 'image'; readonly repository: string; readonly pinned: boolean };
}

export async function readPolicy(file: string): Promise<Policy> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new Terminal(`the policy ${file} cannot be read: ${messageOf(cause)}`, { cause });
  });
  return parsePolicy(text, await realpath(file)); // as the modules' own paths
}

export function parsePolicy(text: string, file: string): Policy {
  const document = parseDocument(text);
  const problem = document.errors[0];
  if (problem !== undefined) throw new Terminal(`${file}: ${problem.message}`);
  const parsed = shape.safeParse(document.toJS());
  if (!parsed.success) throw new Terminal(`${file}: ${z.prettifyError(parsed.error)}`);
  return { file, requireDigest: parsed.data.requireDigest, allow: parsed.data.allow };
}

/** undefined: it may run. Otherwise why not, and what would let it. */
export function forbidden(candidate: Candidate, policy: Policy): string | undefined {
  const { from, digest } = candidate;
  if (policy.requireDigest && from.kind === 'image' && !from.pinned) {
    return `${policy.file} requires a digest; write the image with @sha256:...`;
  }
  if (policy.allow.some((one) => allows(one, candidate, policy.file))) return undefined;
  return `no rule of ${policy.file} allows it; its module is ${digest}`;
}

function allows({ digest, image, file }: Rule, candidate: Candidate, policyFile: string): boolean {
  const { from } = candidate;
  if (digest !== undefined && digest !== candidate.digest) return false;
  if (image !== undefined && !(from.kind === 'image' && matchesGlob(from.repository, image))) return false;
  if (file === undefined) return true;
  return from.kind === 'file' && matchesGlob(relative(dirname(policyFile), from.path), file);
}
