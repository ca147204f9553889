import { expect } from 'chai';
import { seeShim } from './shim.ts';

describe('a Shim on the page', () => {
  it('has its version and how many of its nodes are ready', () => {
    const status = {
      nodes: { desired: 5, ready: 3, pending: 1, failed: 1, leaving: 0 },
      conditions: [
        { type: 'Degraded', reason: 'x' },
        { type: 'Ready', reason: 'NodesFailed', message: 'one failed' },
      ],
    };
    const object = { metadata: { name: 'spin' }, spec: { handler: 'spin', version: '0.25.1' }, status };
    expect(seeShim(object)).to.deep.equal({
      ...{ name: 'spin', handler: 'spin', version: '0.25.1', desired: 5, ready: 3, failed: 1 },
      ...{ reason: 'NodesFailed', message: 'one failed' },
    });
  });

  it('is shown, however little of it there is', () => {
    for (const status of [undefined, null, 'x', { nodes: [], conditions: {} }, { conditions: [null] }])
      expect(seeShim({ metadata: { name: 'a' }, spec: 7, status })).to.include({ name: 'a', version: '', desired: 0 });
  });
});
