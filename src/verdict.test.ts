import { expect } from 'chai';
import fc from 'fast-check';
import { parseVerdict, printVerdict, type Verdict } from './verdict.ts';

describe('a Verdict', () => {
  const base: Verdict = {
    kind: 'kwasm.sh/verdict',
    version: 1,
    outcome: 'refused',
    reason: 'InUse',
    message: '',
    handlers: [],
    files: [],
    steps: [],
  };
  const name = fc.string({ minLength: 1, maxLength: 63, unit: fc.constantFrom('a', 'z', '-', 'ü', '"') });
  const uid = fc.uuid();
  const pods = fc.array(
    fc.tuple(name, name, uid).map((parts) => parts.join('/')),
    { maxLength: 110 },
  );

  it('fits into a termination message, whatever it says, and names as many pods as there is room for', () => {
    fc.assert(
      fc.property(pods, fc.string({ maxLength: 6000 }), (all, message) => {
        const text = printVerdict({ ...base, message, pods: all });
        expect(Buffer.byteLength(text)).to.be.at.most(4096);
        const said = parseVerdict(text)?.pods ?? [];
        expect(said).to.deep.equal(all.slice(0, said.length));
        if (all.length > 0) expect(said.length).to.be.greaterThan(0);
      }),
    );
  });
});
