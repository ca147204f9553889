import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { valuesOf, withValues } from './values.ts';

describe('docs/values-reference.md', () => {
  it("has the chart's own values", () => {
    const page = readFileSync(new URL('../../docs/values-reference.md', import.meta.url), 'utf8');
    expect(page, 'run `npm run manifests`').to.equal(withValues(page));
  });

  it('takes comments, types and defaults of nested keys', () => {
    const text = '# About a.\na:\n  # Above b,\n  # in two lines.\n  b: 1\n  c: []\n# (new) About d | e.\nd: null\n';
    const schema = {
      properties: {
        a: { properties: { b: { type: 'integer', minimum: 1 }, c: { type: 'array', items: { type: 'string' } } } },
        d: { $ref: '#/definitions/d' },
      },
      definitions: { d: { enum: ['x', 'y'] } },
    };
    expect(valuesOf(text, schema)).to.deep.equal([
      { path: 'a', type: 'object', initial: '', comment: 'About a.' },
      { path: 'a.b', type: 'integer, 1 or more', initial: '`1`', comment: 'Above b, in two lines.' },
      { path: 'a.c', type: 'list of string', initial: '`[]`', comment: '' },
      { path: 'd', type: '`x`, `y`', initial: '`null`', comment: 'About d \\| e.' },
    ]);
  });
});
