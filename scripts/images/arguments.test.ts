import { expect } from 'chai';
import { parseImagesArguments } from './arguments.ts';

describe('npm run images', () => {
  it('reads its arguments', () => {
    expect(parseImagesArguments(['--push', 'localhost:5000', '--tag', '1', '--builder', 'buildx'])).to.deep.equal({
      registry: 'localhost:5000',
      tag: '1',
      plainHttp: undefined,
      builder: 'buildx',
    });
    expect(parseImagesArguments(['--help'])).to.equal('help');
    expect(parseImagesArguments(['--twice'])).to.equal('twice');
  });

  const refused = [
    { argv: [], says: '--push REGISTRY is missing' },
    { argv: ['--push', 'r', '--builder', 'kaniko'], says: 'assemble or buildx' },
    { argv: ['--pusch', 'r'], says: '--pusch' },
    { argv: ['r'], says: 'r' },
    { argv: ['--twice', '--push', 'r'], says: 'no other option' },
  ];
  for (const { argv, says } of refused) {
    it(`refuses ${argv.join(' ') || 'nothing'}`, () => expect(() => parseImagesArguments(argv)).to.throw(says));
  }
});
