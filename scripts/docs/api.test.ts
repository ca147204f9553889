import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { withApi } from './api.ts';

const file = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

describe('docs/api.md', () => {
  it('has every field that the chart defines', () => {
    const page = file('docs/api.md');
    expect(page, 'run `npm run manifests`').to.equal(withApi(page, file('manifests/kwasm-operator.yaml')));
  });

  it('takes fields below lists, what is required, and rules', () => {
    const definition = {
      kind: 'CustomResourceDefinition',
      spec: {
        group: 'g',
        scope: 'Cluster',
        names: { kind: 'Thing', plural: 'things' },
        versions: [
          { name: 'v1', served: true, schema: { openAPIV3Schema: SCHEMA } },
          { name: 'v0', served: false },
        ],
      },
    };
    const page = withApi('<!-- api: begin -->\n<!-- api: end -->\n', JSON.stringify(definition));
    expect(page.split('\n').slice(1, -2)).to.deep.equal([
      '## Thing',
      '',
      '`g/v1`, of the cluster; `kubectl get things.g`. A thing.',
      '',
      '### spec',
      '',
      'What is wanted.',
      '',
      '| field | type | |',
      '|---|---|---|',
      '| `parts` | list of object | The parts. **required.** Checked: one at most. |',
      '| `parts[].size` | integer | How large. Default: `1`. At least 1. |',
      '| `parts[].kind` | `a`, `b` |  |',
      '',
    ]);
    expect(withApi('<!-- api: begin -->\n<!-- api: end -->\n', 'kind: Pod')).to.contain('defines none');
  });
});

const SCHEMA = {
  description: 'A thing.',
  properties: {
    spec: {
      description: 'What is wanted.',
      required: ['parts'],
      properties: {
        parts: {
          type: 'array',
          description: 'The parts.',
          'x-kubernetes-validations': [{ rule: 'size(self) < 2', message: 'one at most' }],
          items: {
            type: 'object',
            properties: {
              size: { type: 'integer', description: 'How large.', minimum: 1, default: 1 },
              kind: { enum: ['a', 'b'] },
            },
          },
        },
      },
    },
  },
};
