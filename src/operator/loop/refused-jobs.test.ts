import { expect } from 'chai';
import { nodeView } from '../decide/examples.ts';
import { RefusedJobs } from './refused-jobs.ts';

describe('RefusedJobs', () => {
  const node = nodeView({ name: 'a' });
  const said = { status: 'False', reason: 'JobRefused', message: 'port 4711', sinceMs: 0 } as const;

  it('waits longer each time, whatever is said on the node meanwhile, and not at all where it was taken', () => {
    const refused = new RefusedJobs();
    expect(refused.waitMs(node, 0)).to.be.at.most(0);
    expect(refused.refused(node, 0)).to.deep.equal({ refusals: 1, afterMs: 1_000 });
    expect(refused.waitMs({ ...node, condition: said }, 400)).to.equal(600);
    expect(refused.waitMs(node, 1_000)).to.be.at.most(0);
    expect(refused.refused(node, 1_000)).to.deep.equal({ refusals: 2, afterMs: 2_000 });
    for (let time = 0; time < 40; time += 1) refused.refused(node, 0);
    expect(refused.waitMs(node, 0)).to.equal(300_000);
    refused.forget('a');
    expect(refused.waitMs(node, 0)).to.be.at.most(0);
  });

  it('asks at once when somebody has changed the node', () => {
    const refused = new RefusedJobs();
    refused.refused(node, 0);
    expect(refused.waitMs({ ...node, trigger: { annotation: 'true', label: 'true' } }, 0)).to.be.at.most(0);
  });
});
