import { expect } from 'chai';
import { readResults } from './read-results.ts';
import { resultsFile } from './results.ts';
import { root } from './yaml/node.ts';
import { parseDocument } from './yaml/parser.ts';

const read = (text: string) => {
  const document = parseDocument(text);
  return readResults(document === undefined ? undefined : root(document));
};
const written = (text: string) =>
  resultsFile([{ source: { kind: 'exec', command: 'f' }, exitCode: 0, stderr: '', results: read(text) }], 0).replace(
    /^[\s\S]* {4}results:\n/,
    '',
  );

/** What kpt 1.0.0-beta.56 writes of the same. */
describe('results of a function', () => {
  it('are written as kpt writes them: sorted tags, no index where it is 0', () => {
    const given = `- message: full
  severity: error
  resourceRef: {apiVersion: v1, kind: ConfigMap, name: cm, namespace: ns}
  field: {path: data.a, currentValue: 1.50, proposedValue: {a: [1, "x"]}}
  file: {path: a.yaml, index: 0}
  tags: {b: c, a: "1"}
- message: "on"
  file: {path: x.yaml, index: 2}
`;
    expect(written(given)).to.equal(`      - message: full
        severity: error
        resourceRef:
          apiVersion: v1
          kind: ConfigMap
          name: cm
          namespace: ns
        field:
          path: data.a
          currentValue: 1.5
          proposedValue:
            a:
              - 1
              - x
        file:
          path: a.yaml
        tags:
          a: "1"
          b: c
      - message: "on"
        file:
          path: x.yaml
          index: 2
`);
  });

  it('are taken where they say less or more than the specification wants', () => {
    expect(read('- severity: error\n- message: x\n  severity: fatal\n  other: 1\n')).to.deep.equal([
      { message: '', severity: 'error' },
      { message: 'x', severity: 'fatal' },
    ]);
  });

  it('of the older form are the same', () => {
    const old =
      'items:\n- message: m\n  severity: warning\n  resourceRef: {kind: A, metadata: {name: n, namespace: s}}\n  field: {path: a, suggestedValue: x}\n';
    expect(read(old)).to.deep.equal([
      {
        message: 'm',
        severity: 'warning',
        resourceRef: { apiVersion: undefined, kind: 'A', name: 'n', namespace: 's' },
        field: { path: 'a', proposedValue: 'x' },
      },
    ]);
  });

  it('that are none are the function that failed', () => {
    expect(() => read('- just text\n')).to.throw('returned results that cannot be read');
  });
});
