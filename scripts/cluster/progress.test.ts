import { expect } from 'chai';
import { progressTo } from './progress.ts';

describe('progress', () => {
  it('closes a step with its time', async () => {
    const lines: string[] = [];
    let now = 0;
    const progress = progressTo(
      (line) => lines.push(line),
      () => now,
    );
    const result = await progress.step('network', async () => {
      now = 1_234;
      return 7;
    });
    expect(result).to.equal(7);
    expect(lines).to.deep.equal(['  ok  network (1.2 s)']);
  });

  it('says what failed, and passes the error on', async () => {
    const lines: string[] = [];
    const failure = new Error('no');
    const step = progressTo(
      (line) => lines.push(line),
      () => 0,
    ).step('network', async () => {
      throw failure;
    });
    expect(await step.catch((error: unknown) => error)).to.equal(failure);
    expect(lines).to.deep.equal(['  FAILED after 0.0 s: network']);
  });
});
