import { withBlock, withoutBlock } from './block.ts';
import { asState, refused } from './change.ts';
import { createdRoot } from './created-root.ts';
import { withoutKwasmTables } from './declared.ts';
import { checked, type Edit, parsedValue, stateOf } from './edit.ts';
import type { ContainerdFacts } from './facts.ts';
import {
  builtinLines,
  builtinRuntimes,
  declaredHandlers,
  type Handler,
  handlerLines,
  isKwasmType,
  RUNTIMES,
  type Schema,
  schemaInForce,
} from './handlers.ts';
import { withoutOurs } from './same.ts';
import { parseDocument, tableAt } from './toml.ts';

/** containerd 1.x replaces a plugin's section as a whole (containerd#5837): everything must stand in the root file. */
export function editRoot(runtime: ContainerdFacts, handlers: readonly Handler[]): Edit {
  const { config } = runtime;
  const cleaned = withoutKwasmTables(runtime, handlers);
  if (cleaned.kind === 'refused') return cleaned;
  const root = cleaned.text ?? createdRoot(2);
  const block = blockLines(runtime, root, handlers, 1);
  if (block.kind === 'refused') return block;
  const file = { path: config.root.path, before: stateOf(config.root), after: asState(withBlock(root, block.lines)) };
  return checked(config, [file], [...handlers.map(({ name }) => name), ...block.builtin]);
}

type Block = { readonly kind: 'block'; readonly lines: readonly string[]; readonly builtin: readonly string[] };

/** What must stand in one file with `root`, the text of the root as it is read. */
export function blockLines(
  { config, dump }: ContainerdFacts,
  root: string,
  handlers: readonly Handler[],
  major: number,
  wrap: (handler: string, lines: readonly string[]) => readonly string[] = (_, lines) => lines,
): Block | (Edit & { readonly kind: 'refused' }) {
  const stripped = parseDocument(withoutBlock(root));
  if (stripped.kind === 'invalid') return refused('ConfigUnreadable', `${config.root.path}: ${stripped.message}`);
  const values = [stripped.document.value, ...config.imported.flatMap(parsedValue)];
  const schema: Schema = schemaInForce(values, major);
  const names = handlers.map(({ name }) => name);
  // containerd 2 adds to the built-in runtimes, 1.x replaces them.
  const spellOut = major === 1 && !values.some((value) => tableAt(value, RUNTIMES[schema]));
  const builtin = spellOut ? builtinRuntimes(schema, withoutOurs(dump, [...names, ...earlierOnes(dump)])) : {};
  return {
    kind: 'block',
    lines: [
      ...builtinLines(schema, builtin),
      ...handlers.flatMap((handler) => wrap(handler.name, handlerLines(schema, handler))),
    ],
    builtin: Object.keys(builtin),
  };
}

/** Our earlier handlers stand in the dump, too; they are no built-ins. */
function earlierOnes(dump: unknown): readonly string[] {
  return declaredHandlers(dump)
    .filter(({ type }) => isKwasmType(type))
    .map(({ name }) => name);
}
