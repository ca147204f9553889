import { withoutBlock } from './block.ts';
import { isOurs } from './drop-in.ts';
import { parsedValue } from './edit.ts';
import type { ContainerdFacts } from './facts.ts';
import { declaredHandlers, isShimType } from './handlers.ts';

/**
 * Handlers that an earlier version of ours brought and this one does not: they go with the same change, or they would
 * outlive every upgrade (kata-containers#13843). What KWasm had brought stays, and so does what somebody has copied out
 * of our file into another.
 */
export function droppedHandlers(
  { config, dump, live }: ContainerdFacts,
  wanted: readonly { readonly name: string }[],
): readonly string[] {
  const { root, imported, source } = config;
  const merged = source.kind === 'merged' ? source.into : undefined;
  const theirs = [
    ...(root.kind === 'file' ? parsedValue({ text: withoutBlock(root.text) }) : []),
    ...imported.filter(({ path, text }) => path !== merged && !isOurs(text)).flatMap(parsedValue),
  ].flatMap(declaredHandlers);
  const ours = [...declaredHandlers(dump), ...live].filter(({ type }) => isShimType(type)).map(({ name }) => name);
  const stays = [...wanted, ...theirs].map(({ name }) => name);
  return [...new Set(ours)].filter((name) => !stays.includes(name));
}
