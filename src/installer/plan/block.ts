import { lineEnding } from './toml.ts';

/** The marked block that holds everything we add to a file which is not ours. apply/restore.sh knows its first and last words. */
const BEGIN = '# BEGIN kwasm: managed by the kwasm installer, do not edit; removed on uninstall';
const END = '# END kwasm';
const BLOCK = /(^|\r?\n)# BEGIN kwasm[^\n]*\n(?:[^\n]*\n)*?# END kwasm[^\n]*(?:\n|$)/;

/**
 * The text with the block's content replaced, or with a block at its end. One line break before the block belongs to it:
 * it makes a blank line, or ends a last line that had no line break, so that taking the block away again is exact.
 */
export function withBlock(text: string, lines: readonly string[]): string {
  const eol = lineEnding(text);
  const block = [BEGIN, ...lines, END, ''].join(eol);
  const match = BLOCK.exec(text);
  if (match === null) return text + eol + block;
  return text.slice(0, match.index) + match[1] + block + text.slice(match.index + match[0].length);
}

export function withoutBlock(text: string): string {
  const match = BLOCK.exec(text);
  if (match === null) return text;
  const before = text.slice(0, match.index);
  const after = text.slice(match.index + match[0].length);
  // Lines that somebody added below must not run into a last line that had no line break of its own.
  const joint = after === '' || before === '' || before.endsWith('\n') ? '' : match[1];
  return before + joint + after;
}
