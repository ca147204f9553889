import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { PROGRAMS } from '../images/bundle.ts';
import { lockHash, recordedCrates, shimParts } from './crates.ts';
import { licenceFile, SHIM_CRATES } from './inventory.ts';
import { objection } from './licence.ts';
import { bundledPackages } from './npm.ts';
import type { Part } from './part.ts';
import { titleOf } from './texts.ts';

const root = join(import.meta.dirname, '../..');
const AGAIN = 'run `npm run licences` and commit what it writes';

/** What is in the images now, against what was last written down. */
describe('the inventory of other people’s work', () => {
  const listed = readFileSync(licenceFile(root), 'utf8');
  const missing = (parts: readonly Part[]) => parts.map(titleOf).filter((title) => !listed.includes(`${title}: `));

  for (const program of Object.values(PROGRAMS)) {
    it(`has every package in the bundle of the ${program.name}, under a licence that we take`, async () => {
      const parts = (await bundledPackages(root, program)).map(({ part }) => part);
      expect(parts).to.not.deep.equal([]);
      expect(parts.flatMap((part) => objection(part) ?? [])).to.deep.equal([]);
      expect(missing(parts), AGAIN).to.deep.equal([]);
    }).timeout(30_000);
  }

  for (const crate of SHIM_CRATES) {
    it(`is of the Cargo.lock that ${crate.slice(root.length + 1)} has now`, () => {
      expect(recordedCrates(crate).lock, AGAIN).to.equal(lockHash(crate));
      const parts = shimParts(crate);
      expect(parts.flatMap((part) => objection(part) ?? [])).to.deep.equal([]);
      expect(missing(parts), AGAIN).to.deep.equal([]);
    });
  }
});
