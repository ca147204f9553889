import { expect } from 'chai';
import { accessFrom } from '../../oci/access.ts';
import { digestOf } from '../../oci/digest.ts';
import { pushedImage } from './deployed-image.ts';

describe('pushedImage', () => {
  it('pushes to no digest, which is that of something else', async () => {
    const bytes = Buffer.from('0061736d0d000100', 'hex');
    const built = { component: 'function.wasm', digest: digestOf(bytes), bytes, imports: [], unchanged: false };
    const image = `registry.example/me/hello@sha256:${'0'.repeat(64)}`;
    const wish = { image, platforms: [], log: () => {}, signal: new AbortController().signal };
    const refused = await pushedImage(built, wish, accessFrom({})).catch(String);
    expect(refused).to.contain('name a tag');
  });
});
