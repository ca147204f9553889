import { Terminal } from '../errors.ts';
import { KIND, root, type YamlNode } from './yaml/node.ts';

/**
 * Refuses a map that has one key twice. YAML forbids it, readers differ in which of the two holds (kubectl takes the last), and kpt silently writes the first
 * one's value in the place of both, so that there is nothing that could be the same.
 */
export function requireUniqueKeys(node: YamlNode): void {
  walk(root(node), undefined);
}

/** The way to a map, its end first: it is spelled out only for an error. */
interface Way {
  readonly above: Way | undefined;
  readonly name: string;
}

/** Up to so many keys each is compared with each, which is faster than a set. */
const FEW = 12;

function walk(node: YamlNode, way: Way | undefined): void {
  const { content, kind } = node;
  if (content.length === 0) return;
  if (kind === KIND.mapping) {
    const twice = content.length <= 2 * FEW ? twiceAmongFew(content) : twiceAmongMany(content);
    if (twice !== undefined) throw new Terminal(message(twice, way));
    for (let i = 1; i < content.length; i += 2) {
      const value = content[i];
      if (value !== undefined && value.content.length > 0)
        walk(value, { above: way, name: content[i - 1]?.value ?? '' });
    }
    return;
  }
  for (const [i, item] of content.entries()) if (item.content.length > 0) walk(item, { above: way, name: String(i) });
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

function message(key: string, way: Way | undefined): string {
  const names: string[] = [];
  for (let at = way; at !== undefined; at = at.above) names.unshift(at.name);
  const where = names.length === 0 ? 'the document' : names.join('.');
  return `the key ${JSON.stringify(key)} stands twice in ${where}: which of the two holds is read differently, so take one away`;
}
