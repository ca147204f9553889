import { withoutTables } from './adopt.ts';
import { withoutBlock } from './block.ts';
import { ABSENT, asState, type FileChange, type FileState, type Plan, refused, sameState } from './change.ts';
import { hostFinding } from './checks.ts';
import { isCreatedRoot } from './created-root.ts';
import { isOurs } from './drop-in.ts';
import type { ContainerdFacts, Facts } from './facts.ts';
import { declaredHandlers, isKwasmType } from './handlers.ts';
import { OWN_DIRECTORY, withoutOwnImport } from './imports.ts';
import { parseDocument } from './toml.ts';

/** A pod sandbox that still needs a handler. */
export interface HandlerUser {
  readonly pod: string;
  readonly handler: string;
}

/** Only our file, block and import go; what others wrote meanwhile stays. Without any of ours, nothing is to be done. */
export function planUninstall(facts: Facts, sandboxes: readonly HandlerUser[]): Plan {
  const finding = hostFinding(facts);
  if (finding !== undefined) return { kind: 'refused', finding };
  const { runtime } = facts;
  if (runtime.kind !== 'containerd') return refused('NotContainerd', 'the runtime is not containerd');
  const gone = ourHandlers(runtime);
  const users = sandboxes.filter(({ handler }) => gone.includes(handler));
  if (users.length > 0) {
    const pods = users.map(({ pod, handler }) => `${pod} (${handler})`).join(', ');
    return refused('InUse', `pods still run on these handlers: ${pods}; delete or move them, then try again`);
  }
  const files: FileChange[] = runtime.config.dropIns
    .filter(({ text }) => isOurs(text))
    .map(({ path, text }) => ({ path, before: asState(text), after: ABSENT }));
  const { root } = runtime.config;
  if (root.kind === 'file') {
    const after = rootAfter(root.text);
    if (after === undefined)
      return refused('ConfigNotExtendable', `${root.path}: our tables cannot be told apart from the rest`);
    files.push({ path: root.path, before: asState(root.text), after });
  }
  const { kwasmMarker } = runtime.config;
  if (kwasmMarker.kind === 'file')
    files.push({ path: kwasmMarker.path, before: asState(kwasmMarker.text), after: ABSENT });
  const changed = files.filter(({ before, after }) => !sameState(before, after));
  if (changed.length === 0 && gone.length === 0) return { kind: 'absent' };
  const removeDirectories = [...new Set([OWN_DIRECTORY, ...facts.createdDirectories])].sort().reverse();
  return { kind: 'change', files: changed, createDirectories: [], removeDirectories, handlers: [], gone };
}

/** By what runs and by what is written: either may lag behind the other. KWasm's own go, too: it had no way to. */
function ourHandlers({ live, dump }: ContainerdFacts): readonly string[] {
  const ours = [...live, ...declaredHandlers(dump)].filter(({ type }) => isKwasmType(type));
  return [...new Set(ours.map(({ name }) => name))];
}

function rootAfter(text: string): FileState | undefined {
  const unblocked = withoutBlock(text);
  const parsed = parseDocument(unblocked);
  if (parsed.kind === 'invalid') return undefined;
  const unimported = parseDocument(withoutOwnImport(parsed.document));
  if (unimported.kind === 'invalid') return undefined;
  const stray = declaredHandlers(unimported.document.value).filter(({ type }) => isKwasmType(type));
  const rest = stray.length === 0 ? unimported.document.text : withoutTables(unimported.document, stray);
  if (rest === undefined) return undefined;
  return isCreatedRoot(rest) ? ABSENT : asState(rest);
}
