import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { execa } from 'execa';
import { parseDockerfile } from './dockerfile.ts';

const RUNS = 30;
const EXIT_CODE = 3;
const HUNG_MS = 5_000;
/** Functions are still being compiled, with objects made all the time, when it exits. Without the flag every fifth run hangs. */
const PROGRAM = `
const made = [];
const body = 'const o = []; for (let j = 0; j < 200; j++) { made.push({ j, a }); o.push("x" + j); } return o.length;';
const functions = Array.from({ length: 300 }, (_, i) => new Function('a', 'made', body + '// ' + i));
for (const end = performance.now() + 30 + Math.random() * 120; performance.now() < end; made.length = 0)
  for (const one of functions) one(1, made);
process.exit(${EXIT_CODE});
`;

describe('how the installer ends', () => {
  it('at once, whatever V8 compiles in the background (nodejs/node#54918)', async function () {
    this.timeout(RUNS * HUNG_MS);
    const text = readFileSync(new URL('../../installer-image/Dockerfile', import.meta.url), 'utf8');
    const flags = parseDockerfile(text, { VERSION: '1' }).config.entrypoint.filter((part) => part.startsWith('--'));
    for (let run = 0; run < RUNS; run += 1) {
      const argv = ['--stress-concurrent-allocation', ...flags, '-e', PROGRAM];
      const done = await execa(process.execPath, argv, { timeout: HUNG_MS, killSignal: 'SIGKILL', reject: false });
      expect(done.exitCode, `run ${run}: ${done.shortMessage ?? ''}`).to.equal(EXIT_CODE);
    }
  });
});
