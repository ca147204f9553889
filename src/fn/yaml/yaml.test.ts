import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import fc from 'fast-check';
import { Emitter } from './emitter.ts';
import { field, lookup, root } from './node.ts';
import { parseDocument } from './parser.ts';
import { resolve } from './tag.ts';

interface GoldenCase {
  readonly text: string;
  readonly wide?: string;
  readonly compact?: string;
  readonly error?: true;
}

function write(text: string, lists: 'wide' | 'compact' = 'compact'): string {
  const node = parseDocument(text);
  const emitter = new Emitter();
  if (node !== undefined) emitter.document(node, { lists });
  return emitter.text;
}

describe('YAML as kyaml reads and writes it', () => {
  // Written by kyaml v0.15.0 (`npm run check:kyaml -- --golden`), the version in kpt 1.0.0-beta.56.
  const golden: readonly GoldenCase[] = JSON.parse(readFileSync(new URL('./golden.json', import.meta.url), 'utf8'));

  it('has cases of both kinds', () => {
    expect(golden.filter(({ error }) => error === undefined).length).to.be.greaterThan(100);
    expect(golden.filter(({ error }) => error).length).to.be.greaterThan(20);
  });

  for (const [i, { text, wide, compact, error }] of golden.entries()) {
    it(`case ${i}`, () => {
      if (error) {
        expect(() => write(text) || raise()).to.throw();
        return;
      }
      expect(write(text, 'wide')).to.equal(wide);
      expect(write(text, 'compact')).to.equal(compact);
    });
  }

  it('keeps comments, quotes and order', () => {
    const text = '# top\na: "1" # one\n# two\nb: [x, {y: z}]\nc:\n# item\n- d # e\n';
    expect(write(text)).to.equal(text);
  });

  it('says the line of what is wrong', () => {
    expect(() => parseDocument('a: b\nc: "d\n')).to.throw('line 2: found unexpected end of stream');
    expect(() => parseDocument('a:\n  - b\n c: d\n')).to.throw('line 3: did not find expected key');
    expect(() => parseDocument('a: \u0007')).to.throw('line 1: control characters are not allowed');
    expect(() => parseDocument('a: *b')).to.throw("line 1: unknown anchor 'b' referenced");
  });

  it('refuses nesting without end, in blocks and in flow', () => {
    expect(() => parseDocument('['.repeat(5000))).to.throw('nested deeper than 1000');
    expect(() => parseDocument('- '.repeat(5000))).to.throw('nested deeper than 1000');
  });

  it('finds fields by their path', () => {
    const node = parseDocument('a:\n  b: {c: d}\n');
    expect(node && lookup(node, 'a', 'b', 'c')?.value).to.equal('d');
    expect(node && field(root(node), 'x')).to.equal(undefined);
  });

  it('any string comes back from whatever style it is written in', () => {
    const value = fc.string({ unit: 'grapheme', maxLength: 60 });
    fc.assert(
      fc.property(value, fc.constantFrom(0, 2, 4, 8, 16), (given, style) => {
        const document = parseDocument('k: v\n');
        const node = document && lookup(document, 'k');
        if (document === undefined || node === undefined) return false;
        node.value = given;
        node.style = style;
        node.tag = '!!str';
        const emitter = new Emitter();
        emitter.document(document, { lists: 'compact' });
        const again = parseDocument(emitter.text);
        return again !== undefined && lookup(again, 'k')?.value === given;
      }),
      { numRuns: 500 },
    );
  });

  const tags: readonly (readonly [string, string])[] = [
    ['', '!!null'],
    ['~', '!!null'],
    ['true', '!!bool'],
    ['yes', '!!str'],
    ['0o17', '!!int'],
    ['017', '!!int'],
    ['09', '!!float'],
    ['1_000', '!!int'],
    ['1.0.0', '!!str'],
    ['18446744073709551616', '!!float'],
    ['2020-02-30', '!!str'],
    ['2020-02-29', '!!timestamp'],
    ['.5', '!!float'],
    ['12:30', '!!str'],
  ];
  for (const [value, tag] of tags) it(`${JSON.stringify(value)} is ${tag}`, () => expect(resolve(value)).to.equal(tag));
});

function raise(): never {
  throw new Error('read as an empty text');
}
