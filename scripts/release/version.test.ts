import { join } from 'node:path';
import { expect } from 'chai';
import { agreedVersion, unready, versionPlaces } from './version.ts';

describe("a release's version", () => {
  it('is one in every file of this tree', () => {
    const found = versionPlaces(join(import.meta.dirname, '../..'));
    expect(agreedVersion(found)).to.match(/^\d+\.\d+\.\d+$/);
    expect(Object.keys(found.places)).to.have.length.above(3);
  });

  it('is refused with the places when they differ or lack it', () => {
    const places = { 'package.json': '0.3.0', 'Chart.yaml': '0.2.9', 'Cargo.toml': undefined };
    const asked = () => agreedVersion({ places, changelog: '' });
    expect(asked).to.throw(/package\.json: 0\.3\.0\nChart\.yaml: 0\.2\.9\nCargo\.toml: none/);
    expect(() => agreedVersion({ places: { a: undefined }, changelog: '' })).to.throw('one version');
  });

  it('waits for its section, its tag and a clean tree', () => {
    const ready = { changelog: '# Changelog\n\n## [0.3.0] - 2026\n', tags: ['v0.3.0', 'other'], dirty: false };
    expect(unready('0.3.0', ready)).to.deep.equal([]);
    const found = unready('0.3.1', { ...ready, dirty: true });
    expect(found).to.have.lengthOf(3);
    expect(found.join()).to.contain('[0.3.1]').and.contain('v0.3.1').and.contain('not committed');
  });
});
