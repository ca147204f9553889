import { expect } from 'chai';
import fc from 'fast-check';
import { Emitter } from './emitter.ts';
import { field, KIND, root, scalar, sequence, type YamlNode } from './node.ts';
import { parseInFull } from './parser.ts';
import { KnownLines, readSimple } from './simple-document.ts';
import { SimpleText } from './simple-text.ts';

const DEPLOYMENT = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  labels: {}
spec:
  args:
  - --port=80
  - - nested
    - name: "quoted"
  empty:
  url: http://host:80/a b
  list: []
  quoted: 'a: b'
`;

/** Lines that fit together often enough, and often do not. */
const line = fc
  .tuple(
    fc.nat(6),
    fc.constantFrom(
      ...['a: b', 'c:', '- d', '- e: f', '- - g', 'h: "i j"', "k: 'l'", 'm: {}', 'n: []', '', '- o:', 'p: q  r'],
      ...['- {}', '- --z=1', 'http://u:8', 'w: http://x:1', '- - n: m', '- "s"', '~: ~', '---', '...', '- -', '-'],
      ...['b: - c', 'c:   d', 'a : b', 'a:b', 'k: v ', '<<: x', '# c', 'a: b # c', '\ta: b', 'a: |', 'a: &x b', 'ü: ü'],
    ),
  )
  .map(([indent, content]) => `${' '.repeat(indent)}${content}`);

describe('documents of simple lines', () => {
  it('are read line by line', () => {
    expect(readSimple(DEPLOYMENT)).to.deep.equal(parseInFull(DEPLOYMENT));
    expect(readSimple(`---\n${DEPLOYMENT}`)).to.deep.equal(parseInFull(DEPLOYMENT));
  });

  it('become the nodes that scanner and parser make of them, or are left to these', () => {
    let taken = 0;
    fc.assert(
      fc.property(fc.array(line, { minLength: 1, maxLength: 6 }), (lines) => {
        const text = `${lines.join('\n')}\n`;
        const simple = readSimple(text);
        if (simple === undefined) return;
        taken += 1;
        expect(simple, JSON.stringify(text)).to.deep.equal(parseInFull(text));
      }),
      { numRuns: 8_000 },
    );
    expect(taken).to.be.greaterThan(200);
  });

  it('are the same when lines were read before, and when too many were', () => {
    const known = new KnownLines();
    for (let i = 0; i < 3_000; i++) {
      const text = `a: b\nlist:\n- x${i}: y\n  empty: {}\n- ${i % 7}\n`;
      expect(readSimple(text, known)).to.deep.equal(parseInFull(text));
    }
  });

  it('have no collection of another document that has the same line', () => {
    const known = new KnownLines();
    const [one, other] = [readSimple('a: {}\n', known), readSimple('a: {}\n', known)];
    const map = one === undefined ? undefined : field(root(one), 'a');
    map?.content.push(scalar('b'), scalar('c'));
    expect(other).to.deep.equal(parseInFull('a: {}\n'));
  });

  const hard = [
    'a: b\n  c\n',
    'a: b\n  c: d\n',
    'a:\n  - b\n - c\n',
    '- a\nb: c\n',
    'a: b\n c: d\n',
    'a: "b\\n"\n',
    'a\n',
  ];
  for (const text of hard)
    it(`leaves ${JSON.stringify(text)} alone`, () => expect(readSimple(text)).to.equal(undefined));
});

describe('resources of simple values', () => {
  const nobody = sequence([]);
  const written = (node: YamlNode, lists: 'wide' | 'compact', inFull: boolean): string => {
    const emitter = new Emitter();
    if (inFull) emitter.watched = nobody; // which keeps it from writing the whole in one go
    emitter.document(node, { lists });
    return emitter.text;
  };
  const values = [
    '',
    'a',
    'true',
    '1',
    'a b',
    ' a',
    'a: b',
    'a #b',
    '- x',
    "it's",
    '"q"',
    'tab\t',
    'ünï',
    'l\nl',
    '\u2028',
  ];
  const words = [
    ...values,
    '...',
    '---',
    '?',
    ':',
    '~',
    '<<',
    '{}',
    '[',
    '*a',
    '&a',
    '!t',
    '%',
    '\\',
    '\u0007',
    '😀',
    ',',
  ];
  const change = fc.record({
    at: fc.nat(40),
    value: fc.constantFrom(...words),
    style: fc.constantFrom(0, 0, 2, 4, 8, 16),
    tag: fc.constantFrom('', '', '!!str', '!!int', '!x'),
    comment: fc.constantFrom('', '', '', '', '# c'),
  });

  it('are written as the emitter writes them', () => {
    let simple = 0;
    fc.assert(
      fc.property(fc.array(change, { maxLength: 3 }), fc.constantFrom('wide', 'compact'), (changes, lists) => {
        const node = parseInFull(DEPLOYMENT);
        if (node === undefined) throw new Error('no document');
        const scalars = scalarsBelow(node);
        for (const { at, value, style, tag, comment } of changes) {
          const scalar = scalars[at % scalars.length];
          if (scalar === undefined) continue;
          Object.assign(scalar, { value, style });
          scalar.tag = tag;
          scalar.line = comment;
        }
        if (new SimpleText().of(root(node), 0, lists === 'compact') !== undefined) simple += 1;
        expect(written(node, lists, false)).to.equal(written(node, lists, true));
      }),
      { numRuns: 3000 },
    );
    expect(simple).to.be.greaterThan(500);
  });

  it('are a whole text, however many', () => {
    const count = 1_500;
    const emitter = new Emitter();
    for (let i = 0; i < count; i++) emitter.document(parseInFull(`a: ${i}\n`) ?? nobody, { lists: 'wide' });
    expect(emitter.text).to.equal(Array.from({ length: count }, (_, i) => `a: ${i}\n`).join('---\n'));
  });
});

function scalarsBelow(node: YamlNode): readonly YamlNode[] {
  return node.content.flatMap((child) => (child.kind === KIND.scalar ? [child] : scalarsBelow(child)));
}
