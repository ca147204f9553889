import { ANNOTATION } from './annotations.ts';
import { KIND, STYLE, YamlNode } from './yaml/node.ts';
import { readLine } from './yaml/simple-document.ts';

/**
 * An item whose text has the lines it had, each with the same key, but for some values: it is the given one with these values in it, and nothing has to be
 * read again, no comment was lost and no field has moved. Undefined where more has changed. The given nodes stay as they are.
 */
export function withChangedValues(item: YamlNode, before: string, after: string): YamlNode | undefined {
  const lines = new Lines(before.split('\n'), after.split('\n'));
  const changed = lines.collection(item);
  return lines.areAllTaken ? changed : undefined;
}

/** Lines of an item and of what became of it, and which is next. What is written as one line takes one; the lines of a text begin with a break. */
class Lines {
  private readonly before: readonly string[];
  private readonly after: readonly string[];
  private at = 1;

  constructor(before: readonly string[], after: readonly string[]) {
    this.before = before;
    this.after = after;
  }

  get areAllTaken(): boolean {
    return this.at === this.before.length && this.at === this.after.length;
  }

  collection(node: YamlNode): YamlNode | undefined {
    const isMap = node.kind === KIND.mapping;
    const { content } = node;
    let changed = content;
    for (let i = isMap ? 1 : 0; i < content.length; i += isMap ? 2 : 1) {
      const child = content[i];
      if (child === undefined) return undefined;
      const now = this.child(child, isMap ? content[i - 1]?.value : undefined);
      if (now === undefined) return undefined;
      if (now === child) continue;
      if (changed === content) changed = content.slice();
      changed[i] = now;
    }
    return changed === content ? node : withContent(node, changed);
  }

  private child(node: YamlNode, key: string | undefined): YamlNode | undefined {
    if (isOneLine(node)) return this.value(node, key);
    // A key's line stands above what it holds, an item's dash on the same line.
    return key === undefined || this.isSame() ? this.collection(node) : undefined;
  }

  private isSame(): boolean {
    const same = this.before[this.at] === this.after[this.at];
    this.at++;
    return same;
  }

  private value(node: YamlNode, key: string | undefined): YamlNode | undefined {
    const [before, after] = [this.before[this.at], this.after[this.at]];
    if (this.isSame()) return node;
    // By these an item is told from others, whose comments it would get.
    if (key === ANNOTATION.id || key === ANNOTATION.legacyId) return undefined;
    const was = readLine(before ?? '');
    const is = readLine(after ?? '');
    if (was === undefined || is === undefined || was.start !== is.start) return undefined;
    if (was.key !== key || is.key !== key || !isScalarLike(was.value, node)) return undefined;
    return is.value.kind === KIND.scalar ? is.value : undefined;
  }
}

function isOneLine(node: YamlNode): boolean {
  return node.content.length === 0 || (node.style & STYLE.flow) !== 0;
}

function isScalarLike(read: YamlNode, node: YamlNode): boolean {
  return node.kind === KIND.scalar && read.kind === KIND.scalar && read.value === node.value;
}

function withContent(node: YamlNode, content: YamlNode[]): YamlNode {
  const changed = new YamlNode(node.kind, node.value, node.style);
  changed.content = content;
  return changed;
}
