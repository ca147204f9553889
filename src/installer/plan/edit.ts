import { ABSENT, asState, type FileChange, type FileState, type Plan, refused } from './change.ts';
import type { AbsentFile, ConfigFacts, ConfigFile } from './facts.ts';
import { declaredHandlers, isShimType } from './handlers.ts';
import { canonical, withoutOurs } from './same.ts';
import { type Parsed, parseDocument } from './toml.ts';

/** The files that one way of adding our handlers changes, or why it cannot. */
export type Edit =
  | { readonly kind: 'edit'; readonly files: readonly FileChange[] }
  | (Plan & { readonly kind: 'refused' });

export function parsedValue({ text }: { readonly text: string }): readonly unknown[] {
  const parsed = parseDocument(text);
  return parsed.kind === 'toml' ? [parsed.document.value] : [];
}

export function stateOf(file: ConfigFile | AbsentFile): FileState {
  return file.kind === 'file' ? asState(file.text) : ABSENT;
}

/** Nothing but ours may differ in meaning, and what we wrote must be readable: else the file is not for us to edit. */
export function checked(config: ConfigFacts, files: readonly FileChange[], names: readonly string[]): Edit {
  for (const { path, before, after, renders } of files) {
    const text = renders?.text ?? (after.kind === 'file' ? after.text : undefined);
    if (text === undefined) continue;
    const parsed = parseDocument(text);
    if (parsed.kind === 'invalid') {
      return refused(
        'ConfigNotExtendable',
        `${path}: adding a runtime would make it invalid (${parsed.message}); its runtimes are written in a form that cannot be extended, such as an inline table`,
      );
    }
    const was = textBefore(config, renders?.path ?? path, before);
    if (was === undefined) continue;
    if (!onlyOurs(parseDocument(was), parsed.document.value, names))
      return refused('ConfigNotExtendable', `${path}: the edit would change more than the runtimes of kwasm`);
  }
  return { kind: 'edit', files };
}

/** Of files that are read as they are; a drop-in of ours is ours as a whole. */
function textBefore({ root, imported }: ConfigFacts, path: string, before: FileState): string | undefined {
  if (path === root.path) return root.kind === 'file' ? root.text : undefined;
  const found = imported.find((file) => file.path === path);
  return before.kind === 'file' && found?.text === before.text ? undefined : found?.text;
}

function onlyOurs(before: Parsed, after: unknown, names: readonly string[]): boolean {
  if (before.kind === 'invalid') return false;
  const earlier = declaredHandlers(before.document.value).filter(({ type }) => isShimType(type));
  const ours = [...names, ...earlier.map(({ name }) => name)];
  const rest = (value: unknown) => canonical(withoutOurs(value, ours));
  return rest(before.document.value) === rest(after);
}
