import * as z from 'zod';
import { messageOf } from '../errors.ts';
import type { Access } from './access.ts';
import { chooseEntry, findModule } from './convention.ts';
import type { Digest } from './digest.ts';
import type { Descriptor, Manifest } from './manifest.ts';
import { checked, parseJson } from './manifest.ts';
import { MEDIA } from './media-types.ts';
import { blobOf, type PullOptions, top } from './pull.ts';
import { formatReference, parseReference, withDigest } from './reference.ts';

/** What lies at a reference, without its module being fetched. */
export interface Inspection {
  readonly reference: string;
  readonly digest: Digest;
  readonly mediaType: string;
  /** An index's entries, in its order. */
  readonly entries: readonly { readonly platform: string; readonly digest: Digest; readonly mediaType: string }[];
  /** The manifest that a pull takes, or why none will do. */
  readonly module: ModuleFacts | { readonly kind: 'none'; readonly why: string };
}

export interface ModuleFacts {
  readonly kind: 'module';
  readonly convention: string;
  readonly manifest: Digest;
  readonly layer: Descriptor;
  readonly wasm: z.infer<typeof configShape> | undefined;
}

const names = z.array(z.string());
/** The CNCF's config, as much of it as is shown. */
const configShape = z.object({
  architecture: z.string().optional(),
  os: z.string().optional(),
  author: z.string().nullish(),
  created: z.string().nullish(),
  component: z.object({ exports: names, imports: names, target: z.string().nullish() }).nullish(),
});

export async function inspect(text: string, access: Access, options: PullOptions = {}): Promise<Inspection> {
  const reference = parseReference(text);
  const { digest, document } = await top(reference, access, options);
  const entries = document.kind === 'index' ? document.index.manifests : [];
  return {
    reference: formatReference(reference),
    digest,
    mediaType: document.mediaType,
    entries: entries.map((entry) => ({
      platform: entry.platform === undefined ? '' : `${entry.platform.os}/${entry.platform.architecture}`,
      digest: entry.digest,
      mediaType: entry.mediaType,
    })),
    module: await moduleFacts().catch((error: unknown) => ({ kind: 'none' as const, why: messageOf(error) })),
  };

  async function moduleFacts(): Promise<ModuleFacts> {
    const where = formatReference(reference);
    let chosen = { digest, document };
    if (document.kind === 'index') {
      const entry = chooseEntry(document.index, where, options.prefer);
      chosen = await top(withDigest(reference, entry.digest), access, options);
    }
    if (chosen.document.kind === 'index') throw new Error('an index in an index');
    const { manifest } = chosen.document;
    const { convention, layer } = findModule(manifest, where);
    return { kind: 'module', convention, manifest: chosen.digest, layer, wasm: await wasmConfig(manifest) };
  }

  async function wasmConfig(manifest: Manifest): Promise<ModuleFacts['wasm']> {
    if (manifest.config.mediaType !== MEDIA.cncfConfig) return undefined;
    const bytes = await blobOf(reference, manifest.config, access, options);
    return checked(configShape, parseJson(bytes, 'config'), `${formatReference(reference)}, config`);
  }
}
