import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { median } from './bench/quantiles.ts';
import { bundleCommand } from './cli/bundle.ts';
import { kubernetes, toolDir } from './cluster/go-tools.ts';
import { ensurePrograms } from './cluster/local/programs.ts';
import { progressTo } from './cluster/progress.ts';
import { root } from './testing/mocha.ts';

/**
 * `npm run bench:cli`: how long the bundled command takes to start, beside Node with nothing to do and beside kubectl. All of them in
 * turns, and the ratio within each turn, so that what else the machine does falls on each alike.
 */
const ROUNDS = 25;
const WARM_UP = 3;

const directory = mkdtempSync(join(tmpdir(), 'kwasm-bench-cli-'));
try {
  const kwasm = join(directory, 'kwasm.mjs');
  await bundleCommand(root, 'bench', kwasm);
  await ensurePrograms([kubernetes], progressTo(console.error));
  const kubectl = join(toolDir(kubernetes), 'kubectl');
  const node = process.execPath;
  const candidates: Readonly<Record<string, readonly string[]>> = {
    'node -e 0': [node, '-e', '0'],
    'kubectl version --client': [kubectl, 'version', '--client'],
    'kwasm --help': [node, kwasm, '--help'],
    'kwasm version --client': [node, kwasm, 'version', '--client'],
    'kwasm shim list --catalogue': [node, kwasm, 'shim', 'list', '--catalogue'],
  };
  const turns = Array.from({ length: WARM_UP + ROUNDS }, () =>
    Object.fromEntries(Object.entries(candidates).map(([name, command]) => [name, take(command)])),
  ).slice(WARM_UP);
  for (const name of Object.keys(candidates)) {
    const of = (base: string) => median(turns.map((turn) => (turn[name] ?? 0) / (turn[base] ?? 1))).toFixed(2);
    const all = turns.map((turn) => turn[name] ?? 0);
    console.log(
      `${name.padEnd(28)} ${Math.min(...all).toFixed(0)} ms at best, median ${median(all).toFixed(0)}; ${of('node -e 0')} × node -e 0, ${of('kubectl version --client')} × kubectl`,
    );
  }
  const load = loadavg()[0]?.toFixed(1);
  console.log(
    `${cpus().length} CPUs (${cpus()[0]?.model}), load ${load}, Node ${process.versions.node}, ${ROUNDS} turns`,
  );
} finally {
  rmSync(directory, { recursive: true });
}

/** In milliseconds, from the start of the process to its end. */
function take([program = '', ...args]: readonly string[]): number {
  const startMs = performance.now();
  const { status, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr}`);
  return performance.now() - startMs;
}
