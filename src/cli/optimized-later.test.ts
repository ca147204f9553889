import { execFileSync } from 'node:child_process';
import { expect } from 'chai';
import { hasTheseNames, optimizeLater, V8_WAITS } from './optimized-later.ts';

describe('what V8 optimizes later', () => {
  const options = execFileSync(process.execPath, ['--v8-options'], { encoding: 'utf8' });

  it('is looked at again with a new version of V8', () => expect(hasTheseNames(), process.versions.v8).to.equal(true));

  for (const [name, calls] of Object.entries(V8_WAITS))
    it(`is by ${name}, of which V8 has ${calls}`, () => {
      expect(options).to.match(new RegExp(`^ +${name} .*\\n +type: int +default: ${name}=${calls}$`, 'm'));
    });

  it('can be said without a complaint', () => {
    const program = `import { optimizeLater } from ${JSON.stringify(new URL('optimized-later.ts', import.meta.url).href)}; optimizeLater();`;
    expect(
      execFileSync(process.execPath, ['--input-type=module', '--eval', `${program}console.log('said')`], {
        encoding: 'utf8',
      }),
    ).to.equal('said\n');
    optimizeLater();
  });
});
