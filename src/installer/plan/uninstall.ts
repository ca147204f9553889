import { withoutTables } from './adopt.ts';
import { withoutBlock } from './block.ts';
import { ABSENT, asState, type FileChange, type FileState, type Plan, refused, sameState } from './change.ts';
import { hostFinding } from './checks.ts';
import { isCreatedRoot } from './created-root.ts';
import { isOurs } from './drop-in.ts';
import type { ConfigFile, ContainerdFacts, Facts } from './facts.ts';
import { declaredHandlers, isKwasmType } from './handlers.ts';
import { OWN_DIRECTORY, withoutOwnImport } from './imports.ts';
import { withoutPatches } from './in-directory.ts';
import { type HandlerUser, inUse } from './in-use.ts';
import { isCreatedTemplate, parseTemplate } from './template.ts';
import { type Parsed, parseDocument } from './toml.ts';

/** Only our file, block and import go; what others wrote meanwhile stays. Without any of ours, nothing is to be done. */
export function planUninstall(facts: Facts, sandboxes: readonly HandlerUser[]): Plan {
  const finding = hostFinding(facts);
  if (finding !== undefined) return { kind: 'refused', finding };
  const { runtime } = facts;
  if (runtime.kind !== 'containerd') return refused('NotContainerd', 'the runtime is not containerd');
  const gone = ourHandlers(runtime);
  const held = inUse(sandboxes, gone);
  if (held !== undefined) return held;
  const written = withoutOurs(runtime);
  if (written.kind === 'refused') return written;
  const { kwasmMarker } = runtime.config;
  const marker: readonly FileChange[] =
    kwasmMarker.kind === 'file' ? [{ path: kwasmMarker.path, before: asState(kwasmMarker.text), after: ABSENT }] : [];
  const rewritten = written.files.filter(({ before, after }) => !sameState(before, after));
  // The marker alone is worth no restart: it goes with the other leftovers.
  if (rewritten.length === 0 && gone.length === 0) return { kind: 'absent' };
  const changed = [...rewritten, ...marker];
  const removeDirectories = [...new Set([OWN_DIRECTORY, ...facts.createdDirectories])].sort().reverse();
  return { kind: 'change', files: changed, createDirectories: [], removeDirectories, handlers: [], gone };
}

/** By what runs and by what is written: either may lag behind the other. KWasm's own go, too: it had no way to. */
function ourHandlers({ live, dump }: ContainerdFacts): readonly string[] {
  const ours = [...live, ...declaredHandlers(dump)].filter(({ type }) => isKwasmType(type));
  return [...new Set(ours.map(({ name }) => name))];
}

type Written =
  | { readonly kind: 'written'; readonly files: readonly FileChange[] }
  | (Plan & { readonly kind: 'refused' });

const untold = (path: string): Written =>
  refused('ConfigNotExtendable', `${path}: our tables cannot be told apart from the rest`);

function withoutOurs(runtime: ContainerdFacts): Written {
  const { dropIns, source, root } = runtime.config;
  const own = dropIns
    .filter(({ text }) => isOurs(text))
    .map(({ path, text }): FileChange => ({ path, before: asState(text), after: ABSENT }));
  switch (source.kind) {
    case 'file': {
      if (root.kind === 'absent') return { kind: 'written', files: own };
      const after = stateAfter(root.text, parseDocument, isCreatedRoot);
      if (after === undefined) return untold(root.path);
      return { kind: 'written', files: [...own, { path: root.path, before: asState(root.text), after }] };
    }
    case 'template': {
      const files = templatesAfter(
        runtime,
        source.files.filter((file) => file.kind === 'file'),
        source.language,
      );
      return files === undefined ? untold(root.path) : { kind: 'written', files: [...own, ...files] };
    }
    case 'merged': {
      const files = withoutPatches(runtime, source);
      return files === undefined ? untold(source.directory) : { kind: 'written', files };
    }
  }
}

/** A template that lies there unread is cleaned as well: a later release may read it. */
function templatesAfter(
  { config }: ContainerdFacts,
  templates: readonly ConfigFile[],
  language: 'go' | 'sed',
): readonly FileChange[] | undefined {
  const { root } = config;
  const rendered = root.kind === 'file' ? stateAfter(root.text, parseDocument, () => false) : undefined;
  if (rendered?.kind !== 'file') return templates.length === 0 ? [] : undefined;
  const renders: ConfigFile = { kind: 'file', path: root.path, text: rendered.text };
  const files = templates.map((file): FileChange | undefined => {
    const after = stateAfter(file.text, language === 'go' ? parseTemplate : parseDocument, isCreatedTemplate);
    return after === undefined ? undefined : { path: file.path, before: asState(file.text), after, renders };
  });
  return files.every((file) => file !== undefined) ? files : undefined;
}

function stateAfter(
  text: string,
  parse: (text: string) => Parsed,
  isCreated: (text: string) => boolean,
): FileState | undefined {
  const unblocked = withoutBlock(text);
  if (isCreated(unblocked)) return ABSENT;
  const parsed = parse(unblocked);
  // What cannot be read as TOML can hold none of KWasm's tables, which were only ever written into files that could.
  if (parsed.kind === 'invalid') return parse === parseTemplate ? asState(unblocked) : undefined;
  const unimported = parse(withoutOwnImport(parsed.document));
  if (unimported.kind === 'invalid') return undefined;
  const stray = declaredHandlers(unimported.document.value).filter(({ type }) => isKwasmType(type));
  const rest = stray.length === 0 ? unimported.document.text : withoutTables(unimported.document, stray, parse);
  if (rest === undefined) return undefined;
  return isCreated(rest) ? ABSENT : asState(rest);
}
