import { expect } from 'chai';
import fc from 'fast-check';
import { functionDocuments, isInline, withAnnotations } from './function-documents.ts';
import { parseKustomization, withEntries } from './kustomization-file.ts';

const KEY = 'config.kubernetes.io/function';
const config = (annotation: string) => `# about it
apiVersion: example.com/v1
kind: App
metadata:
  name: a # its name
  annotations:
    ${KEY}: ${annotation}
spec: {x: 'yes'}
`;

describe('functions in a text', () => {
  const forms = [
    { name: 'a literal block', annotation: '|\n      wasip1:\n        file: f.wasm' },
    { name: 'a literal block, stripped', annotation: '|-\n      wasip1:\n        file: f.wasm' },
    { name: 'a literal block, kept', annotation: '|+\n      wasip1:\n        file: f.wasm\n' },
    { name: 'a folded block', annotation: '>\n      wasip1: {file: f.wasm}' },
    { name: 'double quotes', annotation: '"wasip1:\\n  file: f.wasm"' },
    { name: 'single quotes', annotation: "'wasip1: {file: f.wasm}'" },
    { name: 'plain, on two lines', annotation: '{"wasip1": {"file": "f.wasm"}}'.replace(/^/, "'").replace(/$/, "'") },
  ];
  for (const { name, annotation } of forms) {
    it(`${name}: replaced, and every other byte kept`, () => {
      const text = config(annotation);
      const [found] = functionDocuments(text, 'f');
      expect(found?.spec.kind).to.equal('wasip1');
      if (found?.annotation === undefined) throw new Error('no annotation');
      const out = withAnnotations(text, new Map([[found.annotation, '{"exec":{"path":"w"}}']]));
      expect(functionDocuments(out, 'f')[0]?.spec).to.include({ kind: 'exec', path: 'w' });
      const [head, tail] = [text.slice(0, found.annotation.start), text.slice(text.indexOf('spec: {x'))];
      expect(out.startsWith(head)).to.equal(true);
      expect(out.endsWith(tail)).to.equal(true);
    });
  }

  it('in every document of a file, and in lists', () => {
    const one = config("'wasip1: {file: a}'");
    const list = `kind: FooList\nitems:\n- metadata: {name: l, annotations: {${KEY}: 'wasip1: {file: b}'}}\n`;
    const text = `${one}---\n${list}---\nkind: ConfigMap\nmetadata: {name: c}\n---\n${one}`;
    const found = functionDocuments(text, 'f');
    expect(found.map(({ name, spec }) => `${name} ${spec.kind}`)).to.deep.equal([
      'App a wasip1',
      'l wasip1',
      'ConfigMap c none',
      'App a wasip1',
    ]);
    const edits = new Map(
      found.flatMap(({ annotation }, at) =>
        annotation === undefined ? [] : [[annotation, `exec: {path: p${at}}`] as const],
      ),
    );
    const specs = functionDocuments(withAnnotations(text, edits), 'f').map(({ spec }) =>
      spec.kind === 'exec' ? spec.path : spec.kind,
    );
    expect(specs).to.deep.equal(['p0', 'p1', 'none', 'p3']);
  });

  it('the old names of the annotation', () => {
    const of = (metadata: string) => functionDocuments(`kind: A\nmetadata: ${metadata}\n`, 'f')[0]?.spec.kind;
    expect(of("{annotations: {config.k8s.io/function: 'wasip1: {file: a}'}}")).to.equal('wasip1');
    expect(of('{annotations: {config.kubernetes.io/container: r.io/a}}')).to.equal('container');
    expect(of('{configFn: {container: {image: r.io/a}}}')).to.equal('container');
    expect(of('{configFn: {exec: {path: a}}}')).to.equal('exec');
    expect(() => of('{configFn: {wasip1: {file: a}}}')).to.throw('write it as the annotation');
  });

  const refused = [
    { name: 'a mapping', annotation: '{wasip1: {file: a}}', why: 'is not a string' },
    { name: 'an anchor', annotation: "&a 'wasip1: {file: a}'", why: 'anchor or tag' },
    { name: 'broken YAML in it', annotation: "'wasip1: {'", why: 'f, App a: annotation' },
  ];
  for (const { name, annotation, why } of refused) {
    it(`refuses ${name}`, () => expect(() => functionDocuments(config(annotation), 'f')).to.throw(why));
  }

  it('any value comes back as it went in', () =>
    fc.assert(
      fc.property(fc.stringMatching(/^[ -~]{1,40}$/), (path) => {
        const text = config('|\n      wasip1: {file: a}');
        const [found] = functionDocuments(text, 'f');
        if (found?.annotation === undefined) throw new Error('no annotation');
        const out = withAnnotations(text, new Map([[found.annotation, JSON.stringify({ exec: { path } })]]));
        expect(functionDocuments(out, 'f')[0]?.spec).to.include({ kind: 'exec', path });
      }),
    ));
});

describe('a kustomization', () => {
  const text = `# mine
resources:
- a.yaml
Transformers:
- t.yaml
- |-
  kind: App
  metadata:
    name: x
- |
  kind: App # two

validators: []
generators:
namePrefix: p-
`;
  it('names what it holds, in any case, in its order', () => {
    const { entries, fields } = parseKustomization('k', text);
    expect(entries.map(({ field, value }) => `${field} ${value.split('\n')[0]}`)).to.deep.equal([
      'resources a.yaml',
      'transformers t.yaml',
      'transformers kind: App',
      'transformers kind: App # two',
    ]);
    expect(fields).to.deep.equal(['resources', 'transformers', 'validators', 'generators', 'nameprefix']);
    expect(entries.map(({ value }) => isInline(value))).to.deep.equal([false, false, true, true]);
  });

  it('gets entries replaced, the rest stays', () => {
    const { entries } = parseKustomization('k', text);
    const out = withEntries(
      text,
      new Map(entries.filter(({ value }) => isInline(value)).map((entry, at) => [entry, `kind: New${at}\n"`])),
    );
    expect(parseKustomization('k', out).entries.map(({ value }) => value)).to.deep.equal([
      'a.yaml',
      't.yaml',
      'kind: New0\n"',
      'kind: New1\n"',
    ]);
    expect(out.split('\n').slice(0, 5)).to.deep.equal(text.split('\n').slice(0, 5));
    expect(out.endsWith('validators: []\ngenerators:\nnamePrefix: p-\n')).to.equal(true);
  });

  for (const [bad, why] of [
    ['resources: a.yaml', "'resources' is not a list"],
    ['resources: [{a: b}]', 'not a plain string'],
    ['resources: []\n---\nresources: []', '2 YAML documents'],
    ['resources: [', 'k:'],
    ['resources: []\nresources: []', 'k:'],
  ] as const) {
    it(`refuses ${JSON.stringify(bad)}`, () => expect(() => parseKustomization('k', bad)).to.throw(why));
  }
});
