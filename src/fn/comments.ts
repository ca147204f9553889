import { KIND, root, STYLE, type YamlNode } from './yaml/node.ts';

/**
 * Brings back the comments a function has lost: each field of `to` that has none takes those of the same field of `from`, lists by
 * place. A folded string becomes a quoted one, as kyaml does it: a comment behind its '>' would be read as text
 * (https://github.com/kptdev/kpt/issues/766).
 */
export function copyComments(from: YamlNode, to: YamlNode): void {
  copyOwn(from, to);
  walk(from, to);
}

function copyOwn(from: YamlNode, to: YamlNode): void {
  if (from.isBare) return;
  if (to.line === '') to.line = from.line;
  if (to.head === '') to.head = from.head;
  if (to.foot === '') to.foot = from.foot;
}

function walk(from: YamlNode, to: YamlNode): void {
  const source = root(from);
  const target = root(to);
  if (target.kind === KIND.alias || source.kind === KIND.alias) return;
  if (target.kind === KIND.scalar) unfold(target);
  copyOwn(from, to);
  if (source.kind !== target.kind) return;
  if (target.kind === KIND.mapping) walkFields(source, target);
  else if (target.kind === KIND.sequence) walkItems(source, target);
}

function walkFields(from: YamlNode, to: YamlNode): void {
  const { content } = to;
  for (let i = 0; i + 1 < content.length; i += 2) {
    const key = content[i];
    const value = content[i + 1];
    if (key === undefined || value === undefined) return;
    unfold(key);
    const at = placeOf(from, key.value, i);
    const fromKey = from.content[at];
    const fromValue = from.content[at + 1];
    if (at === -1 || fromKey === undefined || fromValue === undefined) {
      if (value.kind === KIND.scalar) unfold(value);
      continue;
    }
    copyOwn(fromKey, key);
    walk(fromValue, value);
  }
}

/** Where the key stands in `from`, or -1: mostly where it stands in `to`. */
export function placeOf(from: YamlNode, key: string, guess: number): number {
  const { content } = from;
  if (content[guess]?.value === key) return guess;
  for (let i = 0; i < content.length; i += 2) if (content[i]?.value === key) return i;
  return -1;
}

function walkItems(from: YamlNode, to: YamlNode): void {
  const count = Math.min(from.content.length, to.content.length);
  for (let i = 0; i < count; i++) {
    const source = from.content[i];
    const target = to.content[i];
    if (source !== undefined && target !== undefined && source.value === target.value) copyComments(source, target);
  }
}

function unfold(node: YamlNode): void {
  if (node.style === STYLE.folded) node.style = STYLE.double;
}
