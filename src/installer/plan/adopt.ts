import { type Declared, declaredHandlers, RUNTIMES } from './handlers.ts';
import { type Parsed, parseDocument, type TomlDocument } from './toml.ts';

/**
 * The archived installer appended its tables without a marker. A table is proved to be its own (or ours, its marker lost)
 * by a runtime_type below /opt/kwasm, and by standing in a header of its own: then its lines can go, all else stays.
 */
export function withoutTables(
  document: TomlDocument,
  handlers: readonly Declared[],
  parse: (text: string) => Parsed = parseDocument,
): string | undefined {
  const paths = handlers.map(({ schema, name }) => [...RUNTIMES[schema], name]);
  const { text } = document;
  const lines = document.top
    .filter((node) => node.type === 'TOMLTable')
    .filter((node) => paths.some((path) => path.every((key, index) => node.resolvedKey[index] === key)))
    .map((node) => ({
      from: blankLineBefore(text, lineStart(text, node.range[0])),
      to: nextLine(text, node.range[1]),
    }));
  const left = lines.reduceRight((rest, { from, to }) => rest.slice(0, from) + rest.slice(to), text);
  const parsed = parse(left);
  if (parsed.kind === 'invalid') return undefined;
  const remaining = declaredHandlers(parsed.document.value);
  const gone = handlers.every(({ schema, name }) => !remaining.some((r) => r.schema === schema && r.name === name));
  return gone ? left : undefined;
}

function lineStart(text: string, at: number): number {
  return text.lastIndexOf('\n', at - 1) + 1;
}

/** The archived installer wrote a blank line before its tables: it goes with them. */
function blankLineBefore(text: string, lineStartAt: number): number {
  const blank = /\n(\r?\n)$/.exec(text.slice(0, lineStartAt))?.[1];
  return lineStartAt - (blank?.length ?? 0);
}

function nextLine(text: string, at: number): number {
  const end = text.indexOf('\n', at);
  return end === -1 ? text.length : end + 1;
}
