import { withoutTables } from './adopt.ts';
import { withBlock, withoutBlock } from './block.ts';
import { ABSENT, asState, type FileChange, type FileState, type Plan, refused, sameState } from './change.ts';
import { hostFinding, releaseOf } from './checks.ts';
import { createdRoot } from './created-root.ts';
import { dropInPlace, dropInText, isOurs } from './drop-in.ts';
import type { ConfigFacts, ConfigFile, ContainerdFacts, Facts } from './facts.ts';
import {
  builtinLines,
  builtinRuntimes,
  type Declared,
  declaredHandlers,
  type Handler,
  handlerLines,
  isKwasmType,
  passesOptions,
  RUNTIMES,
  type Schema,
  schemaInForce,
  systemdCgroupOf,
} from './handlers.ts';
import { withOwnImport } from './imports.ts';
import { canonical, withoutOurs } from './same.ts';
import { type ShimAsset, shimPath } from './shim.ts';
import { parseDocument, tableAt } from './toml.ts';

/** (host facts, wanted shims) -> exact bytes per file. An unchanged host that serves them yields no change at all. */
export function planInstall(facts: Facts, shims: readonly ShimAsset[]): Plan {
  const finding = hostFinding(facts);
  if (finding !== undefined) return { kind: 'refused', finding };
  if (facts.runtime.kind !== 'containerd') return refused('NotContainerd', 'the runtime is not containerd');
  const fitting = shims.filter(({ arch }) => arch === facts.host.arch);
  if (fitting.length === 0) {
    const others = [...new Set(shims.map(({ arch }) => arch))].join(', ') || 'none';
    return refused('NoShimForArch', `the image carries no shim for ${facts.host.arch} (only for: ${others})`);
  }
  const { runtime } = facts;
  const release = releaseOf(runtime.version) ?? { major: 2, minor: 0 }; // others are refused by now
  const options = passesOptions(release) ? { systemdCgroup: systemdCgroupOf(runtime.dump) } : {};
  const handlers = fitting.map((shim) => ({ name: shim.handler, type: shimPath(shim), ...options }));
  const edit = release.major === 1 ? editRoot(runtime, handlers) : addDropIn(runtime, handlers);
  if (edit.kind === 'refused') return edit;
  const files = edit.files.filter(({ before, after }) => !sameState(before, after));
  if (files.length === 0 && handlers.every((handler) => isServed(runtime, handler)))
    return { kind: 'unchanged', handlers };
  const createDirectories = runtime.config.missingDirectories.filter((directory) =>
    files.some(({ path, after }) => after.kind === 'file' && path.startsWith(`${directory}/`)),
  );
  return { kind: 'change', files, createDirectories, removeDirectories: [], handlers, gone: [] };
}

type Edit = { readonly kind: 'edit'; readonly files: readonly FileChange[] } | (Plan & { readonly kind: 'refused' });

function isServed({ live }: ContainerdFacts, handler: Handler): boolean {
  return live.some(
    ({ name, type, options }) =>
      name === handler.name && type === handler.type && options['SystemdCgroup'] === handler.systemdCgroup,
  );
}

/** containerd 1.x replaces a plugin's section as a whole (containerd#5837): everything must stand in the root file. */
function editRoot(runtime: ContainerdFacts, handlers: readonly Handler[]): Edit {
  const { config } = runtime;
  const cleaned = withoutKwasmTables(runtime, handlers);
  if (cleaned.kind === 'refused') return cleaned;
  const root = cleaned.text ?? createdRoot(2);
  const stripped = parseDocument(withoutBlock(root));
  if (stripped.kind === 'invalid') return refused('ConfigUnreadable', `${config.root.path}: ${stripped.message}`);
  const values = [stripped.document.value, ...config.imported.flatMap(parsedValue)];
  const schema = schemaInForce(values, 1);
  const names = handlers.map(({ name }) => name);
  const builtin = values.some((value) => tableAt(value, RUNTIMES[schema]))
    ? {}
    : builtinRuntimes(schema, withoutOurs(runtime.dump, [...names, ...keptOut(runtime)]));
  const lines = [...builtinLines(schema, builtin), ...handlers.flatMap((handler) => handlerLines(schema, handler))];
  const file = { path: config.root.path, before: stateOf(config.root), after: asState(withBlock(root, lines)) };
  return checked(config, [file], [...names, ...Object.keys(builtin)]);
}

/** Our earlier handlers stand in the dump, too; they are no built-ins. */
function keptOut({ dump }: ContainerdFacts): readonly string[] {
  return declaredHandlers(dump)
    .filter(({ type }) => isKwasmType(type))
    .map(({ name }) => name);
}

function addDropIn(runtime: ContainerdFacts, handlers: readonly Handler[]): Edit {
  const { config } = runtime;
  const cleaned = withoutKwasmTables(runtime, handlers);
  if (cleaned.kind === 'refused') return cleaned;
  const place = dropInPlace(config);
  const present = config.dropIns.find(({ path }) => path === place.path);
  if (present !== undefined && !isOurs(present.text))
    return refused('ForeignFile', `${place.path} exists and was not written by kwasm; rename or remove it`);
  const root = parseDocument(cleaned.text ?? createdRoot(3));
  if (root.kind === 'invalid') return refused('ConfigUnreadable', `${config.root.path}: ${root.message}`);
  const others = config.imported.filter(({ path }) => path !== place.path).flatMap(parsedValue);
  const schema: Schema = schemaInForce([root.document.value, ...others], 2);
  const rootText = place.needsImport ? withOwnImport(root.document) : root.document.text;
  const dropIn = {
    path: place.path,
    before: present === undefined ? ABSENT : stateOf(present),
    after: asState(dropInText(handlers.flatMap((handler) => handlerLines(schema, handler)))),
  };
  const rootFile = { path: config.root.path, before: stateOf(config.root), after: asState(rootText) };
  return checked(
    config,
    [dropIn, rootFile],
    handlers.map(({ name }) => name),
  );
}

type Cleaned = { readonly kind: 'cleaned'; readonly text: string | undefined } | (Plan & { readonly kind: 'refused' });

/**
 * The root file without older declarations of the handlers we bring: a handler must never be declared twice. Only what
 * is provably KWasm's goes; anybody else's table ends the run, by name.
 */
function withoutKwasmTables({ config, live }: ContainerdFacts, handlers: readonly Handler[]): Cleaned {
  const wanted = (declared: { readonly name: string }) => handlers.some(({ name }) => name === declared.name);
  const foreign = ({ name, type }: { readonly name: string; readonly type: string }, where: string) =>
    refused(
      'HandlerDeclaredElsewhere',
      `handler "${name}" (runtime_type "${type}") is already declared in ${where}, and not by kwasm; remove or rename it there, or leave this node out`,
    );
  const served = live.find((handler) => wanted(handler) && !isKwasmType(handler.type));
  for (const file of config.imported) {
    const found = isOurs(file.text) ? undefined : parsedValue(file).flatMap(declaredHandlers).find(wanted);
    if (found !== undefined) return foreign(found, `${file.path}, ${tableName(found)}`);
  }
  if (config.root.kind === 'absent')
    return served === undefined ? { kind: 'cleaned', text: undefined } : foreign(served, 'the running containerd');
  const { text, path } = config.root;
  const stripped = parseDocument(withoutBlock(text));
  const whole = parseDocument(text);
  if (stripped.kind === 'invalid' || whole.kind === 'invalid')
    return refused('ConfigUnreadable', `${path}: its kwasm block cannot be told apart from the rest`);
  const old = declaredHandlers(stripped.document.value).filter(wanted);
  const notOurs = old.find(({ type }) => !isKwasmType(type));
  if (notOurs !== undefined) return foreign(notOurs, `${path}, ${tableName(notOurs)}`);
  if (served !== undefined) return foreign(served, 'the running containerd');
  if (old.length === 0) return { kind: 'cleaned', text };
  const rest = withoutTables(whole.document, old);
  return rest === undefined
    ? refused('ConfigNotExtendable', `${path}: ${old.map(tableName).join(', ')} cannot be taken out as whole tables`)
    : { kind: 'cleaned', text: rest };
}

const tableName = ({ schema, name }: Declared): string => `table [${[...RUNTIMES[schema], name].join('.')}]`;

/** Nothing but ours may differ in meaning, and what we wrote must be readable: else the file is not for us to edit. */
function checked(config: ConfigFacts, files: readonly FileChange[], names: readonly string[]): Edit {
  for (const { path, before, after } of files) {
    if (after.kind === 'absent') continue;
    const parsed = parseDocument(after.text);
    if (parsed.kind === 'invalid') {
      return refused(
        'ConfigNotExtendable',
        `${path}: adding a runtime would make it invalid (${parsed.message}); its runtimes are written in a form that cannot be extended, such as an inline table`,
      );
    }
    if (path !== config.root.path || before.kind === 'absent') continue;
    const was = parseDocument(before.text);
    const rest = (value: unknown) => canonical(withoutOurs(value, names));
    if (was.kind === 'invalid' || rest(was.document.value) !== rest(parsed.document.value))
      return refused('ConfigNotExtendable', `${path}: the edit would change more than the runtimes of kwasm`);
  }
  return { kind: 'edit', files };
}

function parsedValue({ text }: ConfigFile): readonly unknown[] {
  const parsed = parseDocument(text);
  return parsed.kind === 'toml' ? [parsed.document.value] : [];
}

function stateOf(file: ConfigFacts['root']): FileState {
  return file.kind === 'file' ? asState(file.text) : ABSENT;
}
