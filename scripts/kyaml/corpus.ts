/**
 * Texts that people and tools write, and worse: comments in every place, both list indentations, anchors, folded, literal and
 * quoted strings, flow style, CRLF, several documents, other scripts than Latin. The same seed gives the same texts.
 */
export class Corpus {
  private state: number;

  constructor(seed: number) {
    this.state = seed >>> 0;
  }

  /** A text of any shape: often wrong, which must be told as well. */
  soup(): string {
    const lines: string[] = [];
    const count = 1 + this.below(9);
    for (let i = 0; i < count; i++) lines.push(' '.repeat(this.pick([0, 0, 0, 2, 2, 4, 1, 6])) + this.pick(SOUP));
    return lines.join('\n') + this.pick(['\n', '\n', '', '\n\n']);
  }

  /** One resource. */
  resource(): string {
    const lines: string[] = [];
    if (this.chance(0.2)) lines.push(...this.comments(''), '');
    lines.push(...this.comments(''));
    lines.push(`apiVersion: ${this.pick(['v1', 'apps/v1', '"v1"', 'example.com/v1beta1'])}`);
    lines.push(`kind: ${this.pick(['ConfigMap', 'Deployment', 'Thing', "'Thing'"])}${this.behind()}`);
    lines.push(...this.comments(''));
    lines.push(`metadata:${this.behind()}`, `  name: n${this.below(10000)}${this.behind()}`);
    if (this.chance(0.3)) lines.push('  annotations:', `    a.example.com/b: ${this.quoted()}${this.behind()}`);
    if (this.chance(0.3)) lines.push(`  labels: {app: web, tier: ${this.word()}}`);
    const fields = 1 + this.below(4);
    for (let i = 0; i < fields; i++) lines.push(...this.field('', `f${i}`, 3));
    if (this.chance(0.3)) lines.push(...this.comments(''));
    const end = this.pick(['\n', '\n', '\n', '', '\n\n']);
    const text = lines.join('\n') + end;
    return this.chance(0.1) ? text.replaceAll('\n', '\r\n') : text;
  }

  /** A file of one to three resources. */
  file(): string {
    const count = this.pick([1, 1, 1, 2, 3]);
    const parts: string[] = [];
    for (let i = 0; i < count; i++) parts.push(this.resource().replace(/\r?\n*$/, '\n'));
    const separator = this.pick(['---\n', '---\n', '--- # next\n', '---\n---\n']);
    return this.pick(['', '', '---\n', '# file\n---\n']) + parts.join(separator);
  }

  private field(indent: string, name: string, depth: number): string[] {
    const head = this.comments(indent);
    const key = `${indent}${this.chance(0.1) ? `"${name}"` : name}`;
    const anchor = this.chance(0.05) ? ` &${name}${this.below(1000)}` : '';
    switch (depth === 0 ? 0 : this.below(8)) {
      case 1:
      case 2:
        return [
          ...head,
          `${key}:${anchor}${this.behind()}`,
          ...this.fields(`${indent}${this.pick(['  ', '  ', '    '])}`, depth),
        ];
      case 3:
      case 4:
        return [...head, `${key}:${anchor}${this.behind()}`, ...this.items(indent + this.pick(['', '  ']), depth)];
      case 5:
        return [...head, `${key}:${anchor} ${this.flow(2)}${this.behind()}`];
      case 6:
        return [...head, ...this.block(indent, key)];
      default:
        return [...head, `${key}:${anchor} ${this.value(indent)}${this.behind()}`];
    }
  }

  private fields(indent: string, depth: number): string[] {
    const lines: string[] = [];
    const count = 1 + this.below(3);
    for (let i = 0; i < count; i++) {
      lines.push(...this.field(indent, this.pick(['a', 'b', 'name', 'value']) + i, depth - 1));
      if (this.chance(0.1)) lines.push('');
    }
    if (this.chance(0.15)) lines.push(...this.comments(indent));
    return lines;
  }

  private items(indent: string, depth: number): string[] {
    const lines: string[] = [];
    const count = 1 + this.below(3);
    for (let i = 0; i < count; i++) {
      lines.push(...this.comments(indent));
      if (this.chance(0.5)) {
        lines.push(`${indent}- ${this.value(indent)}${this.behind()}`);
        continue;
      }
      const body = this.fields(`${indent}  `, depth);
      const first = body.findIndex((line) => line.trim() !== '' && !line.trim().startsWith('#'));
      if (first > 0) lines.push(`${indent}-${this.behind()}`, ...body);
      else lines.push(`${indent}- ${(body[0] ?? 'a: b').trimStart()}`, ...body.slice(1));
    }
    if (this.chance(0.15)) lines.push(...this.comments(indent));
    return lines;
  }

  private block(indent: string, key: string): string[] {
    const header = this.pick(['|', '|', '>', '|-', '>-', '|+', '>+', '|2']);
    const deep = `${indent}  `;
    const lines = [`${key}: ${header}${this.behind()}`];
    const count = 1 + this.below(4);
    for (let i = 0; i < count; i++) {
      const text = this.pick([
        'plain line',
        '# no comment',
        '  deeper',
        'a: b',
        '- x',
        'tab\there',
        'ünï ✓',
        'two  spaces',
      ]);
      lines.push(this.chance(0.15) && i > 0 ? '' : deep + text);
    }
    if (this.chance(0.2)) lines.push('');
    return lines;
  }

  private flow(depth: number): string {
    if (depth === 0 || this.chance(0.3)) return this.pick(['a', '1', '"q"', "'s'", '{}', '[]', 'x y', '~', 'true']);
    const parts: string[] = [];
    const count = this.below(4);
    const isMap = this.chance(0.5);
    for (let i = 0; i < count; i++) parts.push(isMap ? `k${i}: ${this.flow(depth - 1)}` : this.flow(depth - 1));
    const separator = this.chance(0.15) ? ',\n      ' : ', ';
    return isMap ? `{${parts.join(separator)}}` : `[${parts.join(separator)}]`;
  }

  private value(indent: string): string {
    if (this.chance(0.25)) return this.quoted();
    if (this.chance(0.05)) return `first line\n${indent}    second line`;
    if (this.chance(0.05)) return `"first line\n${indent}    second \\\n${indent}    third"`;
    if (this.chance(0.05)) return `'first line\n\n${indent}    second ''line'''`;
    return this.pick(VALUES);
  }

  private quoted(): string {
    return this.pick([
      '"x"',
      "'x'",
      '"a: b"',
      "'it''s'",
      '"tab\\t\\u00e9\\n"',
      '""',
      "''",
      '"1"',
      "'true'",
      '"ünï 😀"',
      "'😀'",
    ]);
  }

  private word(): string {
    return this.pick(['web', 'db', '"1"', 'a-b']);
  }

  private behind(): string {
    return this.chance(0.15) ? this.pick([' # behind', '  # two spaces', ' #tight', ' # ünï']) : '';
  }

  private comments(indent: string): string[] {
    if (!this.chance(0.22)) return [];
    const lines: string[] = [];
    const count = 1 + this.below(3);
    for (let i = 0; i < count; i++) {
      if (this.chance(0.2)) lines.push('');
      lines.push(
        this.pick([indent, indent, indent, '', `${indent}  `]) +
          this.pick(['# note', '#note', '# a: b', '#', '## x  ']),
      );
    }
    if (this.chance(0.2)) lines.push('');
    return lines;
  }

  pick<T>(from: readonly T[]): T {
    const picked = from[this.below(from.length)];
    if (picked === undefined) throw new Error('nothing to pick from');
    return picked;
  }

  private chance(p: number): boolean {
    return this.next() < p;
  }

  private below(count: number): number {
    return Math.floor(this.next() * count);
  }

  /** mulberry32 */
  private next(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let t = this.state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }
}

const VALUES = [
  'plain',
  '1',
  '-1',
  '0x1F',
  '017',
  '0o17',
  '1_000',
  '1.5',
  '.5',
  '1e3',
  'true',
  'yes',
  'off',
  'null',
  '~',
  '',
  '2020-01-02',
  '2020-01-02T03:04:05Z',
  '12:30:45',
  '1.0.0',
  'v1',
  'a b c',
  'a:b',
  'a#b',
  '-x',
  '?x',
  ':x',
  'http://x/y?z=1&b',
  '!!str 1',
  '!custom x',
  '<<',
  'ünï',
  '日本語',
  '0b11',
  '+1',
  '.inf',
  '.nan',
  'x,y',
  'a ] b',
  '!!int "3"',
  '123456789012345678901234567890',
  '0.1.2',
  '=',
  'a = b',
  'key with \\ back',
  'back\\slash',
] as const;

const SOUP = [
  'a: b',
  'b: 1',
  'c:',
  '- x',
  '- a: b',
  '-',
  '- - y',
  '# c1',
  '#c2',
  '  # c3',
  '',
  '',
  'k: # behind',
  '- # behind',
  '- z # behind',
  'a: b # behind',
  '{a: 1, b: [x, y]}',
  '[1, 2,',
  ' 3]',
  ']',
  '}',
  'f: {a: 1, # in',
  'g: [',
  'x, # one',
  'y',
  'l: |',
  't: >',
  'text',
  '  text',
  'q: "a',
  "s: 'b",
  'c"',
  "d'",
  '---',
  '...',
  '? k',
  ': v',
  '&a x: 1',
  'r: *a',
  'r: &a z',
  '<<: *a',
  '!!str t: 5',
  '! u: 6',
  '%YAML 1.1',
  '"q": \'s\'',
  'e: ""',
  '\tt: 1',
  'n: ~',
  'm: - 1',
  'a:\tb',
  '- |',
  '- >-',
  '  # deep',
  '    # deeper',
  'p: |+',
  'h: x#y',
  'é: ü',
  '- ? c',
  'z: [a: b, c]',
  'w: {x, y: , z: 1}',
  'v: [a, b,]',
  '{? a : b}',
  '- &b',
  '- !t',
  '- *b',
] as const;
