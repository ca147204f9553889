import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { parseArgs } from 'node:util';
import { Terminal } from '../src/errors.ts';
import { type Output, printCast } from './record/cast.ts';
import { castToSvg } from './record/svg.ts';
import { root } from './testing/mocha.ts';

/**
 * `npm run record [-- --name NAME --range RANGE]`: runs `npm run demo` for real and writes what it said, and when, to
 * docs/demo.cast and docs/demo.svg. Run it twice: the second time shows a demo whose parts are there.
 */
const TITLE = 'npm run demo: from a bare clone to the answer of a WebAssembly component';
const COLUMNS = 110;
const ROWS = 32;
const MS_MAX = 45 * 60_000;

const { values } = parseArgs({ options: { name: { type: 'string' }, range: { type: 'string' } } });
const options = Object.entries(values).flatMap(([name, value]) => [`--${name}`, value]);
const output: Output[] = [{ at: 0, text: '$ npm run demo\r\n' }];
const beganMs = performance.now();
const child = spawn(process.execPath, ['scripts/demo.ts', ...options], {
  cwd: root,
  env: { ...process.env, NO_COLOR: '1' },
  stdio: ['ignore', 'pipe', 'pipe'],
  timeout: MS_MAX,
});
for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', heard);
const [code] = await once(child, 'close');
if (code !== 0) throw new Terminal(`npm run demo ended with ${code}: nothing is written`);
const at = Math.round(Date.now() / 1000);
write('docs/demo.cast', printCast({ title: TITLE, columns: COLUMNS, rows: ROWS, at, output }));
write('docs/demo.svg', castToSvg(output, TITLE, COLUMNS, ROWS));

/** Nobody's home directory is to be read in it. */
function heard(text: string): void {
  process.stdout.write(text);
  const shown = text.replaceAll(homedir(), '~').replaceAll('\n', '\r\n');
  output.push({ at: (performance.now() - beganMs) / 1000, text: shown });
}

function write(path: string, text: string): void {
  writeFileSync(`${root}/${path}`, text);
  console.log(`wrote ${path}: ${(text.length / 1000).toFixed(1)} kB`);
}
