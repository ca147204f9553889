import { withoutBlock } from './block.ts';
import { ABSENT, asState, refused } from './change.ts';
import { createdRoot } from './created-root.ts';
import { blockNames, foreignHandler, withoutKwasmTables } from './declared.ts';
import { dropInPlace, dropInText, isOurs } from './drop-in.ts';
import { checked, type Edit, parsedValue, stateOf } from './edit.ts';
import type { ContainerdFacts } from './facts.ts';
import { type Handler, handlerLines, type Schema, schemaInForce } from './handlers.ts';
import { withOwnImport } from './imports.ts';
import { parseDocument } from './toml.ts';

/** containerd >= 2.0 merges tables deeply: a file of our own beside the others, and where needed an import of it. */
export function addDropIn(runtime: ContainerdFacts, handlers: readonly Handler[]): Edit {
  const { config } = runtime;
  const cleaned = withoutKwasmTables(runtime, handlers);
  if (cleaned.kind === 'refused') return cleaned;
  const place = dropInPlace(config);
  // The block of a containerd 1.x that was here before: what stands in it stands in our own file from now on, or is built in.
  const root = parseDocument(cleaned.text === undefined ? createdRoot(3) : withoutBlock(cleaned.text));
  if (root.kind === 'invalid') return refused('ConfigUnreadable', `${config.root.path}: ${root.message}`);
  const dropIn = ownFile(runtime, place.path, root.document.value, handlers);
  if (dropIn.kind === 'refused') return dropIn;
  const rootText = place.needsImport ? withOwnImport(root.document) : root.document.text;
  const rootFile = { path: config.root.path, before: stateOf(config.root), after: asState(rootText) };
  const names = [...handlers.map(({ name }) => name), ...blockNames(config)];
  return checked(config, [...dropIn.files, rootFile], names);
}

/** The same where the root is somebody else's to write, and imports a directory for this (K3s, RKE2). */
export function addOnlyDropIn(runtime: ContainerdFacts, handlers: readonly Handler[]): Edit {
  const { config } = runtime;
  const root = config.root.kind === 'file' ? parsedValue(config.root)[0] : undefined;
  return foreignHandler(runtime, handlers) ?? ownFile(runtime, dropInPlace(config).path, root, handlers);
}

function ownFile(runtime: ContainerdFacts, path: string, root: unknown, handlers: readonly Handler[]): Edit {
  const { config } = runtime;
  const present = config.dropIns.find((file) => file.path === path);
  if (present !== undefined && !isOurs(present.text))
    return refused('ForeignFile', `${path} exists and was not written by kwasm; rename or remove it`);
  const others = config.imported.filter((file) => file.path !== path).flatMap(parsedValue);
  const schema: Schema = schemaInForce([root, ...others], 2);
  const text = dropInText(handlers.flatMap((handler) => handlerLines(schema, handler)));
  const before = present === undefined ? ABSENT : stateOf(present);
  return { kind: 'edit', files: [{ path, before, after: asState(text) }] };
}
