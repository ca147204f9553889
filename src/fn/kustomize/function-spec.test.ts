import { expect } from 'chai';
import { parseFunctionSpec } from './function-spec.ts';

describe("a function's spec", () => {
  const cases = [
    {
      text: 'wasip1: {file: ../a.wasm}',
      spec: { kind: 'wasip1', source: { kind: 'file', path: '../a.wasm' }, deferFailure: false },
    },
    {
      text: 'wasip1:\n  image: r.io/a:v1\n',
      spec: { kind: 'wasip1', source: { kind: 'image', reference: 'r.io/a:v1' }, deferFailure: false },
    },
    {
      text: 'deferFailure: true\nwasip1: {file: a}',
      spec: { kind: 'wasip1', source: { kind: 'file', path: 'a' }, deferFailure: true },
    },
    {
      text: 'exec: {path: ./a.sh, args: [b]}',
      spec: { kind: 'exec', path: './a.sh', whole: { exec: { path: './a.sh', args: ['b'] } } },
    },
    { text: 'EXEC: {Path: /bin/sh}', spec: { kind: 'exec', path: '/bin/sh', whole: { exec: { Path: '/bin/sh' } } } },
    { text: '{"exec": {"path": "a"}}', spec: { kind: 'exec', path: 'a', whole: { exec: { path: 'a' } } } },
    {
      text: 'container: {image: r.io/a, network: true}',
      spec: { kind: 'container', image: 'r.io/a', extras: ['network'] },
    },
    { text: 'exec: {}', spec: { kind: 'none' } },
    { text: 'starlark: {path: a}', spec: { kind: 'none' } },
  ];
  for (const { text, spec } of cases) it(text, () => expect(parseFunctionSpec(text, 'f')).to.deep.equal(spec));

  const refused = [
    { text: 'wasip1: {file: a}\nexec: {path: b}', why: "'wasip1' beside 'exec'; a function has exactly one runtime" },
    { text: 'wasip1: {file: a, image: b}', why: "one of 'file' and 'image'" },
    { text: 'wasip1: {}', why: "one of 'file' and 'image'" },
    { text: 'wasip1: a.wasm', why: "needs 'file' or 'image'" },
    {
      text: 'wasip1: {file: a, mounts: []}',
      why: "unknown field 'wasip1.mounts'; a Wasm function is given its resources and nothing else",
    },
    { text: 'wasip1: {file: a, path: b}', why: "unknown field 'wasip1.path'" },
    { text: 'wasip1: {file: a}\ndeferFailure: perhaps', why: 'true or false' },
    { text: 'just text', why: 'a mapping is needed' },
    { text: 'a: [', why: 'f:' },
  ];
  for (const { text, why } of refused)
    it(`refuses ${text}`, () => expect(() => parseFunctionSpec(text, 'f')).to.throw(why));
});
