import { messageOf, Terminal } from '../../errors.ts';
import type { Access } from '../../oci/access.ts';
import { chooseEntry, findModule } from '../../oci/convention.ts';
import { pullModule, top } from '../../oci/pull.ts';
import { formatReference, parseReference, type Reference, withDigest } from '../../oci/reference.ts';
import { wasmNames } from '../../oci/wasm-names.ts';
import { type Annotation, functionDocuments, withAnnotations } from './function-documents.ts';

/** What became of one container function. */
export type Converted =
  | { readonly kind: 'converted'; readonly name: string; readonly from: string; readonly to: string }
  | { readonly kind: 'kept'; readonly name: string; readonly from: string; readonly why: string };

/** The text with each container function whose image has a WASI form declared as `wasip1`, pinned by its digest. */
export async function convert(
  text: string,
  where: string,
  access: Access,
): Promise<{ readonly text: string; readonly functions: readonly Converted[] }> {
  const edits = new Map<Annotation, string>();
  const functions: Converted[] = [];
  for (const { name, spec, annotation } of functionDocuments(text, where)) {
    if (spec.kind !== 'container') continue;
    const from = spec.image;
    const found =
      annotation === undefined
        ? { why: 'it stands in an old annotation; write it as config.kubernetes.io/function first' }
        : spec.extras.length > 0
          ? { why: `it wants '${spec.extras.join("', '")}', which no Wasm function is given` }
          : await wasmForm(from, access);
    if ('why' in found) functions.push({ kind: 'kept', name, from, why: found.why });
    else {
      functions.push({ kind: 'converted', name, from, to: found.image });
      if (annotation !== undefined) edits.set(annotation, `wasip1: {image: ${JSON.stringify(found.image)}}`);
    }
  }
  return { text: withAnnotations(text, edits), functions };
}

type Form = { readonly image: string } | { readonly why: string };

/** At the image's own reference, or where kpt's catalogue keeps its Wasm builds: PATH/wasm/NAME. */
async function wasmForm(image: string, access: Access): Promise<Form> {
  const own = parseReference(image);
  const reasons: string[] = [];
  for (const reference of [own, catalogueForm(own)]) {
    try {
      return await wasiForm(reference, access);
    } catch (error) {
      if (!(error instanceof Terminal)) throw error;
      reasons.push(messageOf(error));
    }
  }
  return { why: reasons.join('; ') };
}

function catalogueForm({ registry, repository, tag }: Reference): Reference {
  const cut = repository.lastIndexOf('/') + 1;
  const path = `${repository.slice(0, cut)}wasm/${repository.slice(cut)}`;
  return { registry, repository: path, tag: tag ?? 'latest' };
}

async function wasiForm(reference: Reference, access: Access): Promise<Form> {
  const where = formatReference(reference);
  await refuseContainers(reference, access);
  const { bytes, resolved } = await pullModule(where, access, { prefer: 'wasi' });
  const names = wasmNames(bytes, where);
  if (names.kind === 'component') throw new Terminal(`${where}: a component (WASI 0.2), not a wasip1 module`);
  if (names.importModules.some((name) => name !== 'wasi_snapshot_preview1')) {
    const found = names.importModules.join(', ');
    throw new Terminal(`${where}: its module imports ${found}; it is kpt's kind (Go js/wasm), not wasip1`);
  }
  return { image: formatReference(withDigest(reference, resolved)) };
}

/** By what the manifests say: the layers of a container image may be large, and hold no module. */
async function refuseContainers(reference: Reference, access: Access): Promise<void> {
  const where = formatReference(reference);
  let { document } = await top(reference, access, {});
  if (document.kind === 'index') {
    const entry = chooseEntry(document.index, where, 'wasi');
    if (entry.platform !== undefined && /^wasm(32)?$/.test(entry.platform.architecture)) return;
    ({ document } = await top(withDigest(reference, entry.digest), access, {}));
  }
  if (document.kind === 'index') throw new Terminal(`${where}: an index in an index`);
  const { annotations = {} } = document.manifest;
  if (findModule(document.manifest, where).packing === 'raw' || 'module.wasm.image/variant' in annotations) return;
  throw new Terminal(`${where}: a container image without a Wasm form`);
}
