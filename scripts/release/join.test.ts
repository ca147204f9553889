import { expect } from 'chai';
import type { PlatformManifest } from '../images/oci.ts';
import { joined } from './join.ts';

describe('architectures joined', () => {
  const manifest = (architecture: string, digest: string): PlatformManifest => {
    return { mediaType: 'm', digest, size: 1, platform: { os: 'linux', architecture } };
  };
  const digests = (...indexes: readonly (readonly PlatformManifest[])[]) => joined(indexes).map(({ digest }) => digest);

  it('are one manifest for each, whatever came first', () => {
    const [amd64, arm64] = [manifest('amd64', 'a'), manifest('arm64', 'b')];
    expect(digests([amd64], [arm64])).to.deep.equal(['a', 'b']);
    expect(digests([arm64], [amd64])).to.deep.equal(['a', 'b']);
  });

  it('are taken from the first that has them', () => {
    const first = [manifest('amd64', '1'), manifest('arm64', '2')];
    expect(digests(first, [manifest('amd64', '3'), manifest('arm64', '4')])).to.deep.equal(['1', '2']);
  });

  it('must be there', () => expect(() => joined([[]])).to.throw('run the stage `images` first'));
});
