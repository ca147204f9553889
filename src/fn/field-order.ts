import { placeOf } from './comments.ts';
import { KIND, root, type YamlNode } from './yaml/node.ts';

/** Puts fields that a function has reordered back into their old order; new ones come last. Lists stay as they are. */
export function restoreOrder(from: YamlNode, to: YamlNode): void {
  sync(root(from), root(to));
  liftHeads(to);
}

function sync(from: YamlNode, to: YamlNode): void {
  if (from.content.length === 0 || to.content.length === 0) return;
  if (from.kind === KIND.mapping) {
    if (to.kind !== KIND.mapping) return;
    sortFields(from, to);
    for (let i = 0; i + 1 < to.content.length; i += 2) {
      const at = placeOf(from, to.content[i]?.value ?? '', i);
      const old = from.content[at + 1];
      const value = to.content[i + 1];
      if (at !== -1 && old !== undefined && value !== undefined) sync(old, value);
    }
  } else if (from.kind === KIND.sequence && to.kind === KIND.sequence) {
    for (const [i, item] of to.content.entries()) {
      const old = from.content[i];
      if (old === undefined) return;
      sync(old, item);
    }
  }
}

function sortFields(from: YamlNode, to: YamlNode): void {
  if (isInOrder(from, to)) return;
  const old = to.content;
  const placeInTo = new Map<string, number>();
  for (let i = 0; i + 1 < old.length; i += 2) {
    const key = old[i]?.value ?? '';
    if (!placeInTo.has(key)) placeInTo.set(key, i);
  }
  const content: YamlNode[] = [];
  const take = (key: string) => {
    const at = placeInTo.get(key);
    const keyNode = at === undefined ? undefined : old[at];
    const value = at === undefined ? undefined : old[at + 1];
    if (keyNode !== undefined && value !== undefined) content.push(keyNode, value);
    placeInTo.delete(key);
  };
  for (let i = 0; i + 1 < from.content.length; i += 2) take(from.content[i]?.value ?? '');
  for (const key of [...placeInTo.keys()]) take(key);
  to.content = content;
}

/** Whether the fields that both have come first, in the order of `from`. */
function isInOrder(from: YamlNode, to: YamlNode): boolean {
  let at = 0;
  for (let i = 0; i + 1 < from.content.length; i += 2) {
    const key = from.content[i]?.value ?? '';
    if (to.content[at]?.value === key) at += 2;
    else if (has(to, key)) return false;
  }
  return true;
}

function has(node: YamlNode, key: string): boolean {
  for (let i = 0; i + 1 < node.content.length; i += 2) if (node.content[i]?.value === key) return true;
  return false;
}

/** The head of an item's first field is the item's, where it has none: moving fields may have put it elsewhere. */
function liftHeads(node: YamlNode): void {
  if (node.kind !== KIND.sequence) {
    if (node.kind === KIND.document || node.kind === KIND.mapping) for (const child of node.content) liftHeads(child);
    return;
  }
  for (const item of node.content) {
    const first = item.content[0];
    if (first === undefined || first.kind !== KIND.scalar) continue;
    if (item.head === '') item.head = first.head;
    else if (first.head !== '') {
      item.head += `\n${first.head}`;
      first.head = '';
    }
  }
}
