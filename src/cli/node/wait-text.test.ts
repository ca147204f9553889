import { expect } from 'chai';
import { NOW_MS, nodeView } from '../../operator/decide/examples.ts';
import { painter } from '../screen.ts';
import { type Progress, progressTo } from './goal.ts';
import { waitText } from './wait-text.ts';

const trigger = { annotation: 'true', label: undefined };

function at(reason: string, message = ''): Progress {
  const condition = { status: reason === 'Provisioned' ? 'True' : 'False', reason, message, sinceMs: NOW_MS } as const;
  const node = nodeView({ trigger, condition, runtimeLabels: ['wasmtime'] });
  return progressTo('ready', node, { autoProvision: false, mode: 'jobs' });
}

function shown(all: readonly Progress[], rows = 23): readonly string[] {
  const now = new Map(all.map((one, index): [string, Progress] => [`n${index}`, one]));
  return waitText(now, { goal: 'ready', trouble: '', paint: painter(false), rows, nowMs: NOW_MS });
}
const many = (count: number, one: Progress) => Array.from({ length: count }, () => one);

describe('kwasm node --wait on a terminal', () => {
  it('has a line for each of few nodes', () => {
    const lines = shown([at('Provisioned'), at('Installing', 'works'), at('Waiting', 'not its turn')]);
    expect(lines[0]).to.match(/ {2}1\/3 ready · 1 working · 1 waiting$/);
    expect(lines.slice(1).map((line) => line.slice(0, 5))).to.deep.equal(['✓  n0', '●  n1', '○  n2']);
  });

  it('shows of many who failed, then who is worked on, and says once what the others wait for', () => {
    const stopped = at('RolloutStopped', 'n1 failed');
    const lines = shown([
      ...many(500, stopped),
      ...many(40, at('Installing', 'works')),
      at('Refused', 'no'),
      ...many(60, at('Waiting', 'w')),
    ]);
    expect(lines[0]).to.match(/ 0\/601 ready · 40 working · 1 failed · 560 waiting$/);
    expect(lines[1]).to.match(/^✗ {2}n540 +Refused/);
    expect(lines[2]).to.match(/^● {2}n500 /);
    expect(lines.slice(-2)).to.deep.equal(['○  500 × RolloutStopped: n1 failed', '○  60 × Waiting: w']);
    expect(lines).to.include('   and 22 more');
    expect(lines.length).to.be.at.most(23);
  });

  it('has room for who is worked on, however many have failed', () => {
    const lines = shown([
      ...many(30, at('Broken', 'no answer')),
      ...many(3, at('Installing', 'works')),
      ...many(9, at('Provisioned')),
    ]);
    expect(lines.slice(1)).to.have.length(4);
    expect(lines[1]).to.equal('✗  30 × Broken, n0 among them: no answer');
    expect(lines[2]).to.match(/^● {2}n30 +Installing/);
  });

  it('fits, however many reasons there are', () => {
    const all = Array.from({ length: 90 }, (_, index) => at('Waiting', `for ${index}`));
    for (const rows of [8, 23]) expect(shown(all, rows).length).to.be.at.most(rows);
    expect(shown(all)).to.include('   and 86 more wait for something else');
  });
});
