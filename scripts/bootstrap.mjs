// Runs a TypeScript entry point on the Node the project pins, from a bare clone: `node scripts/bootstrap.mjs FILE [ARG...]`.
// This file alone must run on the system's Node (20 or newer), so it is plain JavaScript and imports only Node itself.
// With --exec the first argument is the name of a program in node_modules/.bin instead of a file.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const modules = join(root, 'node_modules');
const node = join(modules, 'node', 'bin', 'node');
const stamp = join(modules, '.kwasm-lock-sha256');

function lockHash() {
  return createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
}

/** node_modules match the lock file; an interrupted install leaves no stamp and is done again. */
function installed() {
  return existsSync(node) && existsSync(stamp) && readFileSync(stamp, 'utf8') === lockHash();
}

function install() {
  console.error('Installing the packages of package-lock.json (about a minute the first time) ...');
  // Not `npm ci`: it refuses a lock file that lacks the optional binaries of platforms its writer's registry did not carry.
  // `install --no-save` takes every version and hash from the lock file, too, and does not rewrite it.
  const done = spawnSync('npm', ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  });
  if (done.error !== undefined) fail(`npm could not be started (${done.error.message}): install npm 9 or newer`);
  if (done.status !== 0)
    fail('npm install failed; its own message is above. Run the command again once that is mended');
  if (!existsSync(node)) {
    fail(
      "the package 'node' was installed without its binary: allow its install script (npm config get ignore-scripts)",
    );
  }
  writeFileSync(stamp, lockHash());
}

function fail(message) {
  console.error(`bootstrap: ${message}`);
  process.exit(1);
}

if (Number(process.versions.node.split('.')[0]) < 20) {
  fail(`Node ${process.versions.node} is too old to start with; install Node 20 or newer`);
}
if (!installed()) install();

const args = process.argv.slice(2);
const [program, rest] =
  args[0] === '--exec'
    ? [join(modules, '.bin', args[1] ?? fail('--exec needs a name')), args.slice(2)]
    : [node, ['--disable-warning=ExperimentalWarning', ...args]];
const child = spawn(program, rest, {
  stdio: 'inherit',
  env: { ...process.env, PATH: `${dirname(node)}:${join(modules, '.bin')}:${process.env.PATH ?? ''}` },
});
// The terminal sends Ctrl-C to the whole group, so the child has it already: it ends in its own time and decides the exit
// code. A SIGTERM reaches this process alone.
for (const signal of ['SIGINT', 'SIGHUP']) process.on(signal, () => {});
process.on('SIGTERM', () => child.kill('SIGTERM'));
child.on('error', (error) => fail(`${program}: ${error.message}`));
child.on('exit', (code, signal) => process.exit(signal === null ? (code ?? 1) : 128 + constants.signals[signal]));
