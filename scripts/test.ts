import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { breaches } from './testing/layers.ts';
import { mochaCommand, root } from './testing/mocha.ts';

/** `npm test`: format and lint, types, the import table, and every test that needs neither a cluster nor built tools. */
function step(name: string, program: string, args: readonly string[]): boolean {
  console.log(`\n# ${name}`);
  return spawnSync(join(root, 'node_modules/.bin', program), args, { cwd: root, stdio: 'inherit' }).status === 0;
}

/** Files at one time: many tests wait, for a process or a deadline. No more than any machine has processors, for some hold to one. */
const JOBS = 2;

const checks = [
  step('format and lint', 'biome', ['check', '--error-on-warnings', '.']),
  step('types', 'tsc', ['-p', '.']),
  step('types of the demo component', 'tsc', ['-p', 'manifests/demo/component']),
  step('types of the dashboard in the browser', 'tsc', ['-p', 'src/dashboard/page']),
  step("types of the stories' component", 'tsc', ['-p', 'e2e/fixtures/probe']),
  imports(),
];
const passed = [...checks, tests()].every(Boolean);
process.exit(passed ? 0 : 1);

function imports(): boolean {
  console.log('\n# import table');
  const found = breaches(join(root, 'src'));
  for (const line of found) console.error(line);
  return found.length === 0;
}

function tests(): boolean {
  const options = ['--parallel', `--jobs=${JOBS}`, ...process.argv.slice(2)];
  const { file, args } = mochaCommand(['src/**/*.test.ts', 'scripts/**/*.test.ts'], options);
  return spawnSync(file, args, { cwd: root, stdio: 'inherit' }).status === 0;
}
