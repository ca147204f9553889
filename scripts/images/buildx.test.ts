import { expect } from 'chai';
import { buildxArguments, pushedDigest } from './buildx.ts';

describe('buildx', () => {
  it('builds and pushes a file over its context', () => {
    const image = {
      dockerfile: '/repo/installer-image/Dockerfile',
      context: '/cache/context/installer',
      reference: 'localhost:5000/kwasm-node-installer:1',
      platforms: ['amd64', 'arm64'],
      buildArgs: { VERSION: '1' },
    } as const;
    expect(buildxArguments(image, '/tmp/metadata.json')).to.deep.equal([
      'buildx',
      'build',
      '--push',
      '--provenance=false',
      '--platform=linux/amd64,linux/arm64',
      '--file=/repo/installer-image/Dockerfile',
      '--build-arg',
      'VERSION=1',
      '--tag=localhost:5000/kwasm-node-installer:1',
      '--metadata-file=/tmp/metadata.json',
      '/cache/context/installer',
    ]);
  });

  it('reads the digest, and nothing that only looks like one', () => {
    const digest = `sha256:${'0a'.repeat(32)}`;
    expect(pushedDigest(JSON.stringify({ 'containerimage.digest': digest, 'image.name': 'x' }))).to.equal(digest);
    expect(() => pushedDigest('{"containerimage.digest":"latest"}')).to.throw();
    expect(() => pushedDigest('{}')).to.throw();
  });
});
