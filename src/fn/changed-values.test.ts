import { expect } from 'chai';
import { type ChangedValue, haveOnlyValuesChanged, putValues } from './changed-values.ts';
import { readDocuments } from './documents.ts';
import { LIST_VERSION, writeGiven } from './resource-list.ts';
import { lookup, root, type YamlNode } from './yaml/node.ts';

const TEXT = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 3
  empty:
  list: []
  args:
  - --port=80
  - - nested
  containers:
  - name: "one"
    image: nginx:1
  - name: two
    image: {name: nginx}
`;

describe('values that a function changed', () => {
  /** Of the item, and its text with what is replaced. */
  function changed(from: string, to: string) {
    const items = readDocuments(TEXT, 'a.yaml');
    const { text, starts } = writeGiven({
      apiVersion: LIST_VERSION,
      items,
      functionConfig: undefined,
      results: undefined,
    });
    const before = text.slice(starts[0], starts[1]);
    expect(before).to.contain(from);
    const item = root(items[0] as YamlNode);
    const changes: ChangedValue[] = [];
    return { item, changes, isAll: haveOnlyValuesChanged(item, before, before.replace(from, to), changes) };
  }

  const taken = [
    ['replicas: 3', 'replicas: 4', ['spec', 'replicas'], '4'],
    ['name: web', "name: 'w e b'", ['metadata', 'name'], 'w e b'],
    [
      "internal.config.kubernetes.io/path: 'a.yaml'",
      'internal.config.kubernetes.io/path: b.yaml',
      ['metadata', 'annotations', 'internal.config.kubernetes.io/path'],
      'b.yaml',
    ],
  ] as const;
  for (const [from, to, path, value] of taken) {
    it(`${from} to ${to} is taken over into what was given`, () => {
      const { item, changes, isAll } = changed(from, to);
      const old = lookup(item, ...path)?.value;
      const containers = lookup(item, 'spec', 'containers');
      expect([isAll, changes.length]).to.deep.equal([true, 1]);
      expect(old, 'before it is put there').not.to.equal(value);
      putValues(changes);
      expect(lookup(item, ...path)?.value).to.equal(value);
      expect(lookup(item, 'spec', 'containers'), 'what did not change').to.equal(containers);
    });
  }

  it('stand in lists, too', () => {
    const { item, changes } = changed('- --port=80', '- --port=81');
    const args = lookup(item, 'spec', 'args');
    const nested = args?.content[1];
    putValues(changes);
    expect(args?.content[0]?.value).to.equal('--port=81');
    expect(args?.content[1]).to.equal(nested);
  });

  it('of one resource stay out of others that have the same line', () => {
    const items = readDocuments(`${TEXT}---\n${TEXT}`, 'a.yaml');
    const given = writeGiven({ apiVersion: LIST_VERSION, items, functionConfig: undefined, results: undefined });
    const before = given.text.slice(given.starts[0], given.starts[1]);
    const changes: ChangedValue[] = [];
    haveOnlyValuesChanged(root(items[0] as YamlNode), before, before.replace('replicas: 3', 'replicas: 4'), changes);
    putValues(changes);
    expect(items.map((item) => lookup(item, 'spec', 'replicas')?.value)).to.deep.equal(['4', '3']);
  });

  const left = [
    ['replicas: 3', 'replicas:', 'a value that is none'],
    ['empty:', 'empty: 1', 'a value where there was none'],
    ['replicas: 3', 'replicas: []', 'a list'],
    ['replicas: 3', 'replicas: 3 # why', 'a comment'],
    ['replicas: 3', 'replicas: &a 3', 'an anchor'],
    ['replicas: 3', 'count: 3', 'another key'],
    ['replicas: 3', 'replicas: 3\n    more: 1', 'one more line'],
    ['image: {name: nginx}', 'image: {name: other}', 'a value in flow'],
    ['  - name: two', '    name: two', 'another place'],
  ] as const;
  for (const [from, to, what] of left)
    it(`are more than that: ${what}`, () => {
      const { changes, isAll } = changed(from, to);
      expect([isAll, changes]).to.deep.equal([false, []]);
    });
});
