import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { expect } from 'chai';

/** A script that waits for a program, and is told to stop. */
const SCRIPT = `
const [{ stopped }, { command }] = [await import('./stopped.ts'), await import('./command.ts')];
const signal = stopped('stopped; the next run goes on');
setTimeout(() => process.kill(process.pid, process.argv[1]), 100);
try {
  await command('sleep', ['20'], { signal });
} catch (error) {
  console.log(error.message);
} finally {
  console.log('put in order');
}
`;

describe('a script that waits for a program', () => {
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    it(`${name}: says so, and ends in order`, async () => {
      const said = await new Promise<string>((resolve) => {
        const args = ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', SCRIPT, name];
        execFile(process.execPath, args, { cwd: join(import.meta.dirname) }, (_, stdout) => resolve(stdout));
      });
      expect(said).to.equal('stopped; the next run goes on\nput in order\n');
    });
  }
});
