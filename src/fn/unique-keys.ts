import { Terminal } from '../errors.ts';
import { KIND, root, type YamlNode } from './yaml/node.ts';

/**
 * Refuses a map that has one key twice. YAML forbids it, readers differ in which of the two holds (kubectl takes the last), and kpt silently writes the first
 * one's value in the place of both, so that there is nothing that could be the same.
 */
export function requireUniqueKeys(node: YamlNode): void {
  if (!hasTwice(root(node), undefined)) return;
  const way: string[] = [];
  hasTwice(root(node), way);
  const key = way.pop() ?? '';
  const where = way.length === 0 ? 'the document' : way.join('.');
  throw new Terminal(
    `the key ${JSON.stringify(key)} stands twice in ${where}: which of the two holds is read differently, so take one away`,
  );
}

/** Up to so many keys each is compared with each, which is faster than a set. */
const FEW = 12;

/** `way` gets the names on the way to the key and the key, which is worked out for an error only. */
function hasTwice({ content, kind }: YamlNode, way: string[] | undefined): boolean {
  const isMap = kind === KIND.mapping;
  if (isMap) {
    const twice = content.length <= 2 * FEW ? twiceAmongFew(content) : twiceAmongMany(content);
    if (twice !== undefined) {
      way?.push(twice);
      return true;
    }
  }
  for (let i = isMap ? 1 : 0; i < content.length; i += isMap ? 2 : 1) {
    const child = content[i];
    if (child === undefined || child.content.length === 0) continue;
    way?.push(isMap ? (content[i - 1]?.value ?? '') : String(i));
    if (hasTwice(child, way)) return true;
    way?.pop();
  }
  return false;
}

function twiceAmongFew(content: readonly YamlNode[]): string | undefined {
  for (let i = 2; i < content.length; i += 2) {
    const key = content[i];
    if (key === undefined || key.kind !== KIND.scalar) continue;
    for (let before = 0; before < i; before += 2) {
      const other = content[before];
      if (other !== undefined && other.kind === KIND.scalar && other.value === key.value) return key.value;
    }
  }
  return undefined;
}

function twiceAmongMany(content: readonly YamlNode[]): string | undefined {
  const seen = new Set<string>();
  for (let i = 0; i < content.length; i += 2) {
    const key = content[i];
    if (key === undefined || key.kind !== KIND.scalar) continue;
    if (seen.has(key.value)) return key.value;
    seen.add(key.value);
  }
  return undefined;
}
