import { globSync } from 'node:fs';
import { expect } from 'chai';
import { root } from './mocha.ts';
import { LONGEST_FIRST, storiesOf } from './stories.ts';

describe('the order of the stories', () => {
  const texts: Readonly<Record<string, string>> = {
    'e2e/a.test.ts': 'test = await testCluster();',
    'e2e/faults.test.ts': 'test = await testCluster();',
    'e2e/long/faults.test.ts': 'test = await testCluster();',
    'e2e/chart.test.ts': 'render(program, { set })',
  };
  const read = (file: string): string => texts[file] ?? '';

  it('has the longest first, the rest by name, and those that need no cluster by themselves', () => {
    expect(storiesOf(Object.keys(texts), read)).to.deep.equal({
      onCluster: ['e2e/faults.test.ts', 'e2e/long/faults.test.ts', 'e2e/a.test.ts'],
      byThemselves: ['e2e/chart.test.ts'],
    });
  });

  it('names stories that there are', () => {
    const files = globSync('e2e/*.test.ts', { cwd: root });
    const { onCluster, byThemselves } = storiesOf(files);
    expect([...onCluster, ...byThemselves]).to.have.members(files);
    expect(onCluster).to.include.members(LONGEST_FIRST.map((name) => `e2e/${name}.test.ts`));
    expect(byThemselves).to.include('e2e/chart.test.ts');
  });
});
