import { expect } from 'chai';
import { parseReleaseArguments } from './arguments.ts';

describe('npm run release', () => {
  it('reads its arguments', () => {
    expect(parseReleaseArguments(['--dry-run', '--registry', 'localhost:5000/x'])).to.deep.equal({
      stages: ['images', 'publish'],
      registry: 'localhost:5000/x',
      dryRun: true,
      dist: 'dist/release',
    });
    expect(parseReleaseArguments(['publish', '--registry', 'ghcr.io/kwasm'])).to.deep.include({ stages: ['publish'] });
    expect(parseReleaseArguments(['-h'])).to.equal('help');
  });

  const refused = [
    { argv: [], says: '--registry REGISTRY is missing' },
    { argv: ['sign', '--registry', 'localhost:1'], says: "'sign'" },
    { argv: ['images', 'publish', '--registry', 'localhost:1'], says: 'or neither' },
    { argv: ['--dry-run', '--registry', 'ghcr.io/kwasm'], says: 'not a registry of this machine' },
    { argv: ['--registry', 'https://ghcr.io'], says: 'is not a registry' },
    { argv: ['--registry', 'r.example', '--sign'], says: '--sign' },
  ];
  for (const { argv, says } of refused) {
    it(`refuses '${argv.join(' ')}'`, () => expect(() => parseReleaseArguments(argv)).to.throw(says));
  }
});
