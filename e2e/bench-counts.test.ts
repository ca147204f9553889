import { join } from 'node:path';
import { expect } from 'chai';
import { execa } from 'execa';
import { root } from '../scripts/testing/mocha.ts';

/** What the operator asks of the API server, counted in its audit log: a busy machine cannot make a count wrong. Times are `npm run bench`'s. */
const SECTIONS = 'start,trickle,burst,rollout,heartbeats,cuts';
const FIGURES = 15;

describe('requests, writes and lost events of the operator', function () {
  this.timeout(900_000); // the first run builds what is missing

  it(`meets every target that is a count (npm run bench -- --short --only ${SECTIONS})`, async () => {
    const { exitCode, stdout, all } = await execa(
      process.execPath,
      [join(root, 'scripts/bench.ts'), '--short', '--only', SECTIONS],
      { cwd: root, all: true, reject: false, timeout: 840_000 },
    );
    expect(exitCode, all).to.equal(0);
    expect(stdout.match(/\| met /g), stdout).to.have.length.of.at.least(FIGURES);
  });
});
