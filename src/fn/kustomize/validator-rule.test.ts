import { expect } from 'chai';
import { parseKustomization } from './kustomization-file.ts';
import { validatorsLast } from './rewritten-tree.ts';
import { validatorProblem } from './validator-rule.ts';

const list = (...items: readonly string[]) =>
  `kind: ResourceList\nitems:\n${items.map((item) => `- ${item}\n`).join('')}`;
const A = "{kind: A, metadata: {name: a, annotations: {config.kubernetes.io/index: '0'}}, data: {yes: 'no'}}";
const B = '{kind: B, metadata: {name: b, labels: {x: y}}}';

describe("kustomize's rule for validators", () => {
  const kept = [
    { name: 'the same text', out: list(A, B) },
    { name: 'another order, another style', out: list(B, '{data: {\'yes\': "no"}, metadata: {name: a}, kind: A}') },
    { name: 'the label', out: list(A, '{kind: B, metadata: {name: b, labels: {x: y, validated-by: me}}}') },
    { name: 'notes of the reader', out: list(A.replace('index', 'path'), B) },
  ];
  for (const { name, out } of kept)
    it(`lets through ${name}`, () => expect(validatorProblem(list(A, B), out)).to.equal(undefined));
  const broken = [
    { name: 'a value', out: list(A.replace("'no'", "'NO'"), B), said: 'A a was changed or removed' },
    { name: 'another label', out: list(A, B.replace('x: y', 'x: z')), said: 'B b was changed or removed' },
    { name: 'a type', out: list(A.replace("'no'", 'true'), B), said: 'A a was changed or removed' },
    { name: 'one less', out: list(A), said: 'B b was changed or removed' },
    { name: 'nothing left', out: 'kind: ResourceList\nitems: []\n', said: 'A a was changed or removed' },
    { name: 'one more', out: list(A, B, '{kind: C, metadata: {name: c}}'), said: 'C c was added' },
    { name: 'what is no YAML', out: 'items: [', said: 'cannot be read' },
  ];
  for (const { name, out, said } of broken) {
    it(`stops ${name}`, () =>
      expect(validatorProblem(list(A, B), out))
        .to.contain("validator shouldn't modify the resource map: ")
        .and.contain(said));
  }
});

describe('validators at the end of the transformers', () => {
  const entries = (text: string) =>
    parseKustomization('k', validatorsLast(text)).entries.map(({ field, value }) => `${field} ${value}`);
  it('behind those that are there', () => {
    const text = '# c\nvalidators: [v.yaml, "kind: A\\n"]\nTransformers:\n- t.yaml # t\nresources: [r]\n';
    expect(entries(text)).to.deep.equal([
      'transformers t.yaml',
      'transformers v.yaml',
      'transformers kind: A\n',
      'resources r',
    ]);
  });
  it('alone, where there are none', () => {
    expect(entries('validators:\n- v\n')).to.deep.equal(['transformers v']);
    expect(entries('transformers:\nvalidators:\n- v\n')).to.deep.equal(['transformers v']);
    expect(entries('transformers: []\nvalidators:\n- v\n')).to.deep.equal(['transformers v']);
  });
});
