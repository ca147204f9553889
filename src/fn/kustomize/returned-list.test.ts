import { expect } from 'chai';
import { asWritten } from './called-function.ts';
import { listProblem } from './returned-list.ts';

describe('what a function returned', () => {
  const lists = [
    'apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems:\n- apiVersion: v1\n  kind: ConfigMap\n',
    "kind: 'ResourceList'\nitems: []\n",
    '"kind": "ResourceList" # mine\nitems:\n  - a: b\n',
    '---\n# hello\nkind: ResourceList\nitems:\n- data:\n    k: |\n      kind: Other\n      text\n...\n',
    '{"kind":"ResourceList","items":[]}',
    'kind: ResourceList\n',
  ];
  for (const text of lists) it(JSON.stringify(text.slice(0, 40)), () => expect(listProblem(text)).to.equal(undefined));

  const others = [
    { text: '', why: 'it printed nothing' },
    { text: ' \n', why: 'it printed nothing' },
    { text: 'done, all is well\n', why: 'it begins "done, all is well' },
    { text: 'starting\nkind: ResourceList\nitems: []\n', why: 'logs to stderr' },
    { text: 'kind: ConfigMap\n', why: "its kind is 'ConfigMap'" },
    { text: 'items: []\n', why: "its kind is ''" },
    { text: 'kind: ResourceList\nitems: text\n', why: "its 'items' is not a list" },
    { text: '{"kind":"List"}', why: 'it begins' },
    { text: '{"kind":', why: 'it begins' },
    { text: `x${'y'.repeat(1_000)}`, why: 'y' },
  ];
  for (const { text, why } of others)
    it(`not ${JSON.stringify(text.slice(0, 40))}`, () => expect(listProblem(text)).to.contain(why));
  it('quotes no more than needed', () => expect(listProblem('x'.repeat(10_000))).to.have.length.below(400));

  it('a function sees the annotation of its author', () => {
    const given = '{"exec":{"path":"kwasm-function-0"}}';
    const input = `    config.kubernetes.io/function: '${given}'\n`;
    expect(asWritten(input, { given, written: 'wasip1:\n  file: $&.wasm\n' })).to.equal(
      '    config.kubernetes.io/function: "wasip1:\\n  file: $&.wasm\\n"\n',
    );
  });
});
