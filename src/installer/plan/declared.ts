import { withoutTables } from './adopt.ts';
import { withoutBlock } from './block.ts';
import { type Plan, refused } from './change.ts';
import { isOurs } from './drop-in.ts';
import { parsedValue } from './edit.ts';
import type { ConfigFacts, ContainerdFacts } from './facts.ts';
import { type Declared, declaredHandlers, type Handler, isKwasmType, RUNTIMES } from './handlers.ts';
import { type Parsed, parseDocument, valueAt } from './toml.ts';

type Refused = Plan & { readonly kind: 'refused' };
type CleanedFile = { readonly kind: 'cleaned'; readonly text: string } | Refused;
type Cleaned = { readonly kind: 'cleaned'; readonly text: string | undefined } | Refused;

/**
 * The root file without older declarations of the handlers we bring: a handler must never be declared twice. Only what
 * is provably KWasm's, or runtime-class-manager's, goes; anybody else's table ends the run, by name.
 */
export function withoutKwasmTables(runtime: ContainerdFacts, handlers: readonly Handler[]): Cleaned {
  const { config } = runtime;
  const foreign = foreignHandler(runtime, handlers);
  if (foreign !== undefined) return foreign;
  if (config.root.kind === 'absent') return { kind: 'cleaned', text: undefined };
  return cleanedText(config.root.path, config.root.text, handlers, parseDocument);
}

/** One file's text without KWasm's tables for these handlers, but with our own block, if it has one. */
export function cleanedText(
  path: string,
  text: string,
  handlers: readonly { readonly name: string }[],
  parse: (text: string) => Parsed,
): CleanedFile {
  const stripped = parse(withoutBlock(text));
  const whole = parse(text);
  if (stripped.kind === 'invalid' || whole.kind === 'invalid')
    return refused('ConfigUnreadable', `${path}: its kwasm block cannot be told apart from the rest`);
  const old = declaredHandlers(stripped.document.value).filter(wantedIn(handlers)).filter(byPredecessor);
  if (old.length === 0) return { kind: 'cleaned', text };
  const rest = withoutTables(whole.document, old, parse);
  return rest === undefined
    ? refused('ConfigNotExtendable', `${path}: ${old.map(tableName).join(', ')} cannot be taken out as whole tables`)
    : { kind: 'cleaned', text: rest };
}

/** A handler of the same name that is neither ours nor KWasm's: in a file, or in the daemon alone. */
export function foreignHandler(runtime: ContainerdFacts, handlers: readonly Handler[]): Refused | undefined {
  const { config, live } = runtime;
  const wanted = wantedIn(handlers);
  for (const file of [config.root, ...config.imported]) {
    if (file.kind === 'absent' || isOurs(file.text)) continue;
    const root = file.path === config.root.path;
    const parsed = parseDocument(root ? withoutBlock(file.text) : file.text);
    const value = parsed.kind === 'toml' ? parsed.document.value : undefined;
    // What a rendered or merged file holds of KWasm's came from a file that is cleaned; elsewhere only the root is.
    const cleaned = root || (config.source.kind === 'merged' && config.source.into === file.path);
    const found = declaredHandlers(value).find((one) => wanted(one) && !(cleaned && byPredecessor(one)));
    if (found !== undefined) return foreign(found, `${file.path}, ${tableName(found)}`, wayOut(runtime, value, found));
  }
  const served = live.find((handler) => wanted(handler) && !byPredecessor(handler));
  return served === undefined ? undefined : foreign(served, 'the running containerd', 'remove or rename it there');
}

function foreign(found: { readonly name: string; readonly type: string }, where: string, instead: string): Refused {
  return refused(
    'HandlerDeclaredElsewhere',
    `handler "${found.name}" (runtime_type "${found.type}") is already declared in ${where}, and not by kwasm; ${instead}, or leave this node out`,
  );
}

/** K3s and RKE2 declare a handler for every shim that they find; nobody wrote it, so nobody can remove it. */
function wayOut({ config, distribution }: ContainerdFacts, value: unknown, { schema, name }: Declared): string {
  const program = valueAt(value, [...RUNTIMES[schema], name, 'options', 'BinaryName']);
  if (config.source.kind !== 'template' || typeof program !== 'string') return 'remove or rename it there';
  return `${distribution.name} found ${program} by itself: move that file away and restart ${distribution.name}`;
}

/** Whether our block stands in the root, or KWasm's tables for these handlers. */
export function standsInRoot({ config }: ContainerdFacts, handlers: readonly Handler[]): boolean {
  if (config.root.kind === 'absent') return false;
  const rest = withoutBlock(config.root.text);
  if (rest !== config.root.text) return true;
  return parsedValue({ text: rest })
    .flatMap(declaredHandlers)
    .some((one) => wantedIn(handlers)(one) && byPredecessor(one));
}

/** All that stands in our block: on containerd 1.x the built-in runtimes, too. */
export function blockNames({ root }: ConfigFacts): readonly string[] {
  if (root.kind === 'absent') return [];
  const namesIn = (text: string) =>
    parsedValue({ text })
      .flatMap(declaredHandlers)
      .map(({ name }) => name);
  const rest = namesIn(withoutBlock(root.text));
  return namesIn(root.text).filter((name) => !rest.includes(name));
}

const wantedIn =
  (handlers: readonly { readonly name: string }[]) =>
  ({ name }: { readonly name: string }): boolean =>
    handlers.some((handler) => handler.name === name);
/** runtime-class-manager's lie below /opt/rcm; it writes no other path, and our order for its handler says that it is to be ours. */
const RCM = /^\/opt\/rcm\/bin\//;
const byPredecessor = ({ type }: { readonly type: string }): boolean => isKwasmType(type) || RCM.test(type);
const tableName = ({ schema, name }: Declared): string => `table [${[...RUNTIMES[schema], name].join('.')}]`;
