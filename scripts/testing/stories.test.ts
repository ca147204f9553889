import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { root } from './mocha.ts';
import { LONGEST_FIRST, patternsOf, storiesOf } from './stories.ts';

describe('which stories are asked for', () => {
  it('is every one that is not long, unless some are named', () => {
    expect(patternsOf([])).to.equal(undefined);
    expect(patternsOf(['e2e/a.test.ts', 'e2e/b.test.ts'])).to.deep.equal(['e2e/a.test.ts', 'e2e/b.test.ts']);
  });

  it('is with --long every long one, and a file that is named alone', () => {
    expect(patternsOf(['--long'])).to.deep.equal(['e2e/long/*.test.ts']);
    expect(patternsOf(['--long', 'e2e/long/a.test.ts'])).to.deep.equal(['e2e/long/a.test.ts']);
  });

  it('is refused with an option that there is not', () => {
    expect(() => patternsOf(['--longer'])).to.throw('--longer: no such option');
  });

  it('leaves it to the parser: what a script of package.json names already cannot be taken back', () => {
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      readonly scripts: Readonly<Record<string, string>>;
    };
    expect(scripts['e2e:long']).to.match(/ scripts\/e2e\.ts --long$/);
    expect(globSync(patternsOf(['--long']) ?? [], { cwd: root })).to.include('e2e/long/upgrade.test.ts');
  });
});

describe('the order of the stories', () => {
  const texts: Readonly<Record<string, string>> = {
    'e2e/a.test.ts': 'test = await testCluster();',
    'e2e/faults.test.ts': 'test = await testCluster();',
    'e2e/long/faults.test.ts': 'test = await testCluster();',
    'e2e/chart.test.ts': 'render(program, { set })',
    'e2e/long/func-go.test.ts': 'cluster = await funcCluster();',
  };
  const read = (file: string): string => texts[file] ?? '';

  it('has the longest first, the rest by name, and those that need no cluster by themselves', () => {
    expect(storiesOf(Object.keys(texts), read)).to.deep.equal({
      onCluster: ['e2e/faults.test.ts', 'e2e/long/faults.test.ts', 'e2e/a.test.ts', 'e2e/long/func-go.test.ts'],
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
