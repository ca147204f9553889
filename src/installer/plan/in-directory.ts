import { withoutTables } from './adopt.ts';
import { withBlock, withoutBlock } from './block.ts';
import { ABSENT, asState, type FileChange, refused } from './change.ts';
import { foreignHandler } from './declared.ts';
import { DROP_IN, dropInText, isOurs } from './drop-in.ts';
import { droppedHandlers } from './dropped.ts';
import { checked, type Edit, parsedValue, stateOf } from './edit.ts';
import type { ConfigFile, ConfigSource, ContainerdFacts } from './facts.ts';
import { declaredHandlers, type Handler, handlerLines, isKwasmType, type Schema, schemaInForce } from './handlers.ts';
import { parseDocument } from './toml.ts';

type Merged = ConfigSource & { readonly kind: 'merged' };

/**
 * k0s merges the files of its directory into its own defaults before containerd sees them: the one place where a drop-in
 * is right on containerd 1.x, too. Without a `version`, which k0s 1.36 refuses to start with if it is 2 (k0s#7689).
 */
export function addPatch(runtime: ContainerdFacts, source: Merged, handlers: readonly Handler[]): Edit {
  const { config } = runtime;
  const foreign = foreignHandler(runtime, handlers);
  if (foreign !== undefined) return foreign;
  const path = `${source.directory}/${DROP_IN}`;
  const present = config.dropIns.find((file) => file.path === path);
  if (present !== undefined && !isOurs(present.text))
    return refused('ForeignFile', `${path} exists and was not written by kwasm; rename or remove it`);
  const schema = schemaOf(runtime);
  const lines = handlers.flatMap((handler) => handlerLines(schema, handler));
  const names = [...handlers.map(({ name }) => name), ...droppedHandlers(runtime, handlers)];
  const into = mergedInto(runtime, source);
  if (into === undefined)
    return refused(
      'GeneratedConfig',
      `${config.root.path} imports no file with the CRI settings that k0s has merged; this release of k0s is not known. Use its own way: https://docs.k0sproject.io/stable/runtime/`,
    );
  const rest = withoutOurTables(into.text, (name) => names.includes(name));
  if (rest === undefined) return refused('ConfigNotExtendable', `${into.path}: our tables cannot be told apart`);
  const own: FileChange = {
    path,
    before: present === undefined ? ABSENT : stateOf(present),
    after: asState(dropInText(lines)),
    renders: { kind: 'file', path: into.path, text: withBlock(rest, lines) },
  };
  const others = cleanedPatches(source, (name) => names.includes(name));
  if (others === undefined)
    return refused('ConfigNotExtendable', `${source.directory}: tables of KWasm cannot be told apart from the rest`);
  return checked(config, [...others, own], names);
}

/** Takes away our file and what KWasm's installers left, and tells what k0s will make of it. */
export function withoutPatches(runtime: ContainerdFacts, source: Merged): readonly FileChange[] | undefined {
  const path = `${source.directory}/${DROP_IN}`;
  const present = runtime.config.dropIns.find((file) => file.path === path && isOurs(file.text));
  const others = cleanedPatches(source, () => true);
  const into = mergedInto(runtime, source);
  const rest = into === undefined ? undefined : withoutOurTables(into.text, () => true);
  if (others === undefined || (into !== undefined && rest === undefined)) return undefined;
  const own: readonly FileChange[] = present === undefined ? [] : [{ path, before: stateOf(present), after: ABSENT }];
  const renders = into === undefined || rest === undefined ? {} : { renders: { ...into, text: rest } };
  return [...others, ...own].map((file) => ({ ...file, ...renders }));
}

const mergedInto = ({ config }: ContainerdFacts, { into }: Merged): ConfigFile | undefined =>
  config.imported.find(({ path }) => path === into);

function schemaOf({ config, version }: ContainerdFacts): Schema {
  const texts = config.root.kind === 'file' ? [config.root, ...config.imported] : config.imported;
  return schemaInForce(texts.flatMap(parsedValue), version.startsWith('1.') || version.startsWith('v1.') ? 1 : 2);
}

/** k0s writes the merged file by an encoder of its own: plain tables, and no trace of who asked for them. */
function withoutOurTables(text: string, wanted: (name: string) => boolean): string | undefined {
  const parsed = parseDocument(withoutBlock(text));
  if (parsed.kind === 'invalid') return undefined;
  const ours = declaredHandlers(parsed.document.value).filter(({ name, type }) => wanted(name) && isKwasmType(type));
  return ours.length === 0 ? parsed.document.text : withoutTables(parsed.document, ours);
}

/** Older installers' files: what stays of one that held nothing else is no file at all. */
function cleanedPatches({ files }: Merged, wanted: (name: string) => boolean): readonly FileChange[] | undefined {
  const changes = files.map((file): FileChange | undefined => {
    const text = withoutOurTables(file.text, wanted);
    if (text === undefined) return undefined;
    const before = stateOf(file);
    return { path: file.path, before, after: text !== file.text && isEmpty(text) ? ABSENT : asState(text) };
  });
  return changes.every((change) => change !== undefined) ? changes : undefined;
}

function isEmpty(text: string): boolean {
  const parsed = parseDocument(text);
  return parsed.kind === 'toml' && Object.keys(parsed.document.value).every((key) => key === 'version');
}
