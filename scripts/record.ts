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
const output: Output[] = [];
const beganMs = performance.now();
await run('npm run demo', ['scripts/demo.ts', ...options], {});
const kubeconfig = await answerOf(['scripts/cluster/main.ts', 'kubeconfig', ...withoutRange(values.name)]);
await run('kwasm status', ['src/cli/main.ts', 'status'], { KUBECONFIG: kubeconfig });
const at = Math.round(Date.now() / 1000);
write('docs/demo.cast', printCast({ title: TITLE, columns: COLUMNS, rows: ROWS, at, output }));
write('docs/demo.svg', castToSvg(output, TITLE, COLUMNS, ROWS));

/** Shown as people type it, run as it is run. */
async function run(shown: string, args: readonly string[], env: Readonly<Record<string, string>>): Promise<void> {
  heard(`$ ${shown}\n`);
  const child = spawn(process.execPath, args, {
    cwd: root,
    env: { ...process.env, ...env, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: MS_MAX,
  });
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', heard);
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Terminal(`${shown} ended with ${code}: nothing is written`);
}

async function answerOf(args: readonly string[]): Promise<string> {
  const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
  const text = await child.stdout.setEncoding('utf8').toArray();
  return text.join('').trim();
}

function withoutRange(name: string | undefined): readonly string[] {
  return name === undefined ? [] : ['--name', name];
}

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
