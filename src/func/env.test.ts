import { expect } from 'chai';
import { envSource } from './env.ts';

describe('run.envs', () => {
  const cases = [
    [
      { name: 'A', value: 'b' },
      { kind: 'value', name: 'A', value: 'b' },
    ],
    [{ name: 'A' }, { kind: 'value', name: 'A', value: '' }],
    [
      { name: 'A', value: '{{ env:HOME }}' },
      { kind: 'local', name: 'A', variable: 'HOME' },
    ],
    [
      { name: 'A', value: '{{secret:s:k}}' },
      { kind: 'key', name: 'A', of: 'secret', object: 's', key: 'k' },
    ],
    [
      { name: 'A', value: '{{ configMap:c:k }}' },
      { kind: 'key', name: 'A', of: 'configMap', object: 'c', key: 'k' },
    ],
    [{ value: '{{ secret:s }}' }, { kind: 'all', of: 'secret', object: 's' }],
    [{ value: '{{ configMap:c }}' }, { kind: 'all', of: 'configMap', object: 'c' }],
    [{ value: 'x' }, undefined],
    [{ value: '{{ env:HOME }}' }, undefined],
    [{ name: 'A', value: '{{ secret:s }}' }, undefined],
    [{ value: '{{ secret:s:k }}' }, undefined],
    [{ name: 'A', value: '{{ vault:x }}' }, undefined],
  ] as const;
  for (const [given, source] of cases) it(JSON.stringify(given), () => expect(envSource(given)).to.deep.equal(source));
});
