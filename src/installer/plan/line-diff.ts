import type { FileChange } from './change.ts';

const CONTEXT = 2;

/** A change as a person reads it. Our edits are few and local, so common ends and what lies between them suffice. */
export function printChange({ path, before, after }: FileChange): string {
  const old = before.kind === 'absent' ? [] : linesOf(before.text);
  const now = after.kind === 'absent' ? [] : linesOf(after.text);
  let head = 0;
  while (head < old.length && head < now.length && old[head] === now[head]) head += 1;
  let tail = 0;
  while (tail < old.length - head && tail < now.length - head && old.at(-1 - tail) === now.at(-1 - tail)) tail += 1;
  const shown = (mark: string, lines: readonly string[]) => lines.map((line) => `${mark}${line}`);
  return [
    `--- ${before.kind === 'absent' ? 'absent' : path}`,
    `+++ ${after.kind === 'absent' ? 'absent' : path}`,
    `@@ line ${head + 1} @@`,
    ...shown(' ', old.slice(Math.max(0, head - CONTEXT), head)),
    ...shown('-', old.slice(head, old.length - tail)),
    ...shown('+', now.slice(head, now.length - tail)),
    ...shown(' ', old.slice(old.length - tail, old.length - tail + CONTEXT)),
  ].join('\n');
}

function linesOf(text: string): readonly string[] {
  return text.replace(/\n$/, '').split('\n');
}
