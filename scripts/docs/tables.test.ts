import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { withTables } from './tables.ts';

describe('docs/troubleshooting.md', () => {
  const page = readFileSync(new URL('../../docs/troubleshooting.md', import.meta.url), 'utf8');

  it("has the code's own lists", () => {
    expect(page, 'run `npm run manifests`').to.equal(withTables(page));
  });

  it('gets a table back that somebody removed', () => {
    const broken = page.replace(/<!-- conditions: begin -->[\s\S]*<!-- conditions: end -->/, (table) =>
      table
        .split('\n')
        .filter((line) => !line.includes('`Broken`'))
        .join('\n'),
    );
    expect(broken).not.to.equal(page);
    expect(withTables(broken)).to.equal(page);
  });

  it('must keep the marks', () => {
    expect(() => withTables(page.replace('<!-- verdicts: end -->', ''))).to.throw(/marks for the table 'verdicts'/);
  });
});
