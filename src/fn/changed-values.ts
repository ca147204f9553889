import { ANNOTATION } from './annotations.ts';
import { KIND, STYLE, type YamlNode } from './yaml/node.ts';
import { readLine } from './yaml/simple-document.ts';

/** A value that comes into the place of another one. */
export interface ChangedValue {
  readonly of: YamlNode;
  /** Of `content`. */
  readonly at: number;
  readonly value: YamlNode;
}

/**
 * Whether the item's text has the lines it had, each with the same key, but for some values, which are added to `changed`. Then nothing has to be read again, no
 * comment was lost and no field has moved.
 */
export function haveOnlyValuesChanged(item: YamlNode, before: string, after: string, changed: ChangedValue[]): boolean {
  const { length } = changed;
  const lines = new Lines(before, after, changed);
  if (lines.collection(item) && lines.areAllTaken) return true;
  changed.length = length;
  return false;
}

export function putValues(changed: readonly ChangedValue[]): void {
  for (const { of, at, value } of changed) of.content[at] = value;
}

/** Lines of an item and of what became of it, and which is next. What is written as one line takes one; the lines of a text begin with a break. */
class Lines {
  private readonly changed: ChangedValue[];
  private readonly before: string;
  private readonly after: string;
  private beforeAt = 1;
  private afterAt = 1;

  constructor(before: string, after: string, changed: ChangedValue[]) {
    this.changed = changed;
    this.before = before;
    this.after = after;
  }

  get areAllTaken(): boolean {
    return this.beforeAt === this.before.length + 1 && this.afterAt === this.after.length + 1;
  }

  /** Whether it has the lines that it had. */
  collection(node: YamlNode): boolean {
    const isMap = node.kind === KIND.mapping;
    const { content } = node;
    for (let i = isMap ? 1 : 0; i < content.length; i += isMap ? 2 : 1) {
      const child = content[i];
      if (child === undefined) return false;
      const key = isMap ? content[i - 1]?.value : undefined;
      if (isOneLine(child)) {
        if (!this.isSame() && !this.value(node, i, key)) return false;
        // A key's line stands above what it holds, an item's dash on the same line.
      } else if ((key !== undefined && !this.isSame()) || !this.collection(child)) return false;
    }
    return true;
  }

  /** Whether the next line is the same in both: then it is taken. */
  private isSame(): boolean {
    const line = lineAt(this.before, this.beforeAt);
    const { length } = line;
    if (!this.after.startsWith(line, this.afterAt)) return false;
    const end = this.afterAt + length;
    if (end < this.after.length && this.after.charAt(end) !== '\n') return false;
    this.beforeAt += length + 1;
    this.afterAt = end + 1;
    return true;
  }

  private value(of: YamlNode, at: number, key: string | undefined): boolean {
    // By these an item is told from others, whose comments it would get.
    if (key === ANNOTATION.id || key === ANNOTATION.legacyId) return false;
    const before = lineAt(this.before, this.beforeAt);
    const after = lineAt(this.after, this.afterAt);
    this.beforeAt += before.length + 1;
    this.afterAt += after.length + 1;
    const was = readLine(before);
    const is = readLine(after);
    const node = of.content[at];
    if (was === undefined || is === undefined || was.start !== is.start) return false;
    if (was.key !== key || is.key !== key || node === undefined || !isScalarLike(was.value, node)) return false;
    if (is.value.kind !== KIND.scalar) return false;
    this.changed.push({ of, at, value: is.value });
    return true;
  }
}

function lineAt(text: string, at: number): string {
  const end = text.indexOf('\n', at);
  return text.slice(at, end === -1 ? text.length : end);
}

function isOneLine(node: YamlNode): boolean {
  return node.content.length === 0 || (node.style & STYLE.flow) !== 0;
}

function isScalarLike(read: YamlNode, node: YamlNode): boolean {
  return node.kind === KIND.scalar && read.kind === KIND.scalar && read.value === node.value;
}
