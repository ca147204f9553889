import type { AbsentFile, ConfigFile } from './facts.ts';
import { type Parsed, parseDocument, valueAt } from './toml.ts';

/**
 * K3s' and RKE2's template where there was none: their own, by name, so that every later default of theirs arrives. The
 * comment makes it recognisable, so that uninstall may remove the file.
 */
const CREATED = `# Created by kwasm; removed on uninstall, unless somebody adds to it.\n{{ template "base" . }}\n`;
export const createdTemplate = (): string => CREATED;
export const isCreatedTemplate = (text: string): boolean => text === CREATED;

/**
 * The template that the distribution reads. Where there is none, the one of the version that it renders by itself: the
 * other would make it render another schema.
 */
export function templateInForce(
  files: readonly (ConfigFile | AbsentFile)[],
  major: number,
  rendered: unknown,
): ConfigFile | AbsentFile | undefined {
  // The version 3 one comes first and is read since containerd 2 only; before, it lies there unread.
  const read = major >= 2 ? files : files.slice(-1);
  const created = Number(valueAt(rendered, ['version'])) >= 3 ? read[0] : read.at(-1);
  return read.find(({ kind }) => kind === 'file') ?? created;
}

/**
 * A Go template read as TOML, each action masked by as many bytes of something harmless, so that every position stays.
 * On a line of its own an action is a comment, elsewhere letters of a string. What then is no TOML cannot be edited.
 */
export function parseTemplate(text: string): Parsed {
  const masked = text
    .replace(/^[ \t]*\{\{(?:(?!\}\}).|\n)*\}\}(?:[ \t]*\{\{(?:(?!\}\}).|\n)*\}\})*[ \t]*$/gm, asComment)
    .replace(/\{\{(?:(?!\}\}).|\n)*\}\}/g, (action) => 'x'.repeat(action.length));
  const parsed = parseDocument(masked);
  return parsed.kind === 'invalid' ? parsed : { kind: 'toml', document: { ...parsed.document, text } };
}

const asComment = (action: string): string =>
  action
    .split('\n')
    .map((line) => (line === '' ? '' : `#${'x'.repeat(line.length - 1)}`))
    .join('\n');

/**
 * The lines of a handler, unless K3s has found a shim of that name itself: its base declares it then, and the same table
 * twice is a configuration that containerd does not start with (k3s-io/docs#566). A shim may appear on the PATH any day.
 */
export function guarded(handler: string, lines: readonly string[]): readonly string[] {
  const seen = `{{ range $name, $_ := .ExtraRuntimes }}{{ if eq $name ${JSON.stringify(handler)} }}{{ $taken = true }}{{ end }}{{ end }}`;
  return [`{{ $taken := false }}${seen}{{ if not $taken }}`, ...lines, '{{ end }}'];
}

/** Whether a Go template declares what K3s found: a frozen copy does not, whatever lies in /opt/kwasm/bin. */
export const declaresFound = (template: string): boolean => /template\s+"base"|\.ExtraRuntimes/.test(template);
