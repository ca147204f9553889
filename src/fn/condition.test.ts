import { expect } from 'chai';
import { Condition } from './condition.ts';
import { readDocuments } from './documents.ts';

const RESOURCES = readDocuments(
  `apiVersion: kpt.dev/v1
kind: Kptfile
metadata:
  name: p
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: d
  labels: {app: x, "a.b/c": "y"}
spec:
  replicas: 3
  ratio: 1.5
  paused: true
  nothing: null
  quoted: "3"
  list: [a, b]
`,
  'a.yaml',
);

/** kpt's rule is cel-go's, with optionals, its string functions, and numbers of any type compared. */
describe('a condition', () => {
  const ofDeployment = (text: string) => `resources.exists(r, r.kind == 'Deployment' && ${text})`;
  const cases = [
    // What one resource has not is no error where another has it.
    { source: 'resources.exists(r, r.spec.replicas > 1)', holds: true },
    { source: 'resources.all(r, has(r.spec))', holds: false },
    { source: "resources.filter(r, r.kind == 'Deployment').size() == 1", holds: true },
    { source: "resources.map(r, r.kind) == ['Kptfile', 'Deployment']", holds: true },
    { source: 'size(resources) == 2', holds: true },
    { source: ofDeployment('r.spec.ratio > 1'), holds: true },
    { source: ofDeployment('r.spec.replicas > 3.5'), holds: false },
    { source: ofDeployment('r.spec.paused'), holds: true },
    { source: ofDeployment('r.spec.nothing == null'), holds: true },
    { source: ofDeployment("r.spec.quoted == '3'"), holds: true },
    { source: ofDeployment("'b' in r.spec.list"), holds: true },
    { source: ofDeployment("r.metadata.labels['a.b/c'] == 'y'"), holds: true },
    { source: "resources.exists(r, r.metadata.?namespace.orValue('none') == 'none')", holds: true },
    {
      source: "resources.exists(r, r.?spec.?replicas.orValue(0) > 2 && r.kind.lowerAscii() == 'deployment')",
      holds: true,
    },
    { source: "resources.exists(r, r.metadata.name.matches('^[xyz]$'))", holds: false },
  ] as const;
  for (const { source, holds } of cases)
    it(`${source}: ${holds}`, () => expect(new Condition(source).holds(RESOURCES)).to.equal(holds));

  for (const source of ['resources.exists(', 'nothing == 1', 'resources.unknown()', "quantity('1Gi').isInteger()"]) {
    it(`${source} is refused before anything runs`, () => {
      expect(() => new Condition(source)).to.throw(`condition ${JSON.stringify(source)}: `);
    });
  }

  it('fails by what is not there, and by what is no boolean', () => {
    expect(() => new Condition('resources.all(r, r.spec.replicas > 1)').holds(RESOURCES)).to.throw('No such key: spec');
    expect(() => new Condition('resources').holds(RESOURCES)).to.throw('gives no boolean');
  });

  it('that would not end is ended', () => {
    const many = Array.from({ length: 300 }, () => RESOURCES[1] ?? expect.fail());
    const nested = ['a', 'b', 'c', 'd', 'e'].reduceRight((inner, name) => `resources.all(${name}, ${inner})`, 'true');
    expect(() => new Condition(nested, 100).holds(many)).to.throw('was not evaluated within 0.1s');
  });
});
