import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { openRunner } from '../src/wasm/runner.ts';
import { bundleCommand } from './cli/bundle.ts';
import { goGuest } from './testing/go-guest.ts';
import { root } from './testing/mocha.ts';

/**
 * `npm run bench:fn`: what a function costs. Each pair is taken in turns in one run, so that a busy machine slows both. kpt 1.0.0-beta.56 takes only
 * guests whose imports are named `go`, so both get one of Go 1.20.
 */
const ROUNDS = 11;
const CALLS = 300;
/** What is aimed at: the median of a call over a module that is compiled already. */
const CALL_P50_MS = 10;

const guest = goGuest('modes', { goos: 'js', toolchain: 'go1.20.14' });
if (guest === undefined) process.exit(1);
const dir = mkdtempSync(join(tmpdir(), 'kwasm-bench-'));
try {
  const p50 = await calls(guest);
  await oneResource(guest);
  console.log(
    `\n${cpus().length} CPUs (${cpus()[0]?.model}), load ${loadavg()[0]?.toFixed(1)}, Node ${process.versions.node}`,
  );
  process.exitCode = p50 <= CALL_P50_MS ? 0 : 1;
} finally {
  rmSync(dir, { recursive: true });
}

async function calls(path: string): Promise<number> {
  const runner = await openRunner([{ name: path, bytes: readFileSync(path) }]);
  const times: number[] = [];
  for (let call = 0; call < CALLS; call += 1) {
    const started = performance.now();
    const { kind } = await runner.run(0, list());
    if (kind !== 'ok') throw new Error('a call failed');
    times.push(performance.now() - started);
  }
  await runner.close();
  const [first = 0] = times;
  const p50 = median(times);
  console.log(
    `a call, over a compiled module: first ${ms(first)}, p50 of ${CALLS} ${ms(p50)} (aim: ${CALL_P50_MS} ms)`,
  );
  return p50;
}

async function oneResource(path: string): Promise<void> {
  const command = join(dir, 'kwasm.mjs');
  await bundleCommand(root, 'bench', command);
  const pkg = join(dir, 'package');
  cpSync(join(root, 'scripts/testing/guests/package'), pkg, { recursive: true });
  const ours: Taken[] = [];
  const theirs: Taken[] = [];
  const kpt = spawnSync('kpt', ['version'], { encoding: 'utf8' });
  const function1 = join(dir, 'function.wasm');
  cpSync(path, function1);
  for (let round = 0; round < ROUNDS; round += 1) {
    ours.push(take([process.execPath, command, 'fn', 'run', function1], list()));
    if (kpt.status !== 0) continue;
    theirs.push(take(['kpt', 'fn', 'eval', pkg, '--allow-alpha-wasm', '--exec', function1], ''));
  }
  row('kwasm fn run, one resource', ours);
  if (kpt.status !== 0) console.log('kpt fn eval: skipped, kpt is not installed');
  else {
    row(`kpt ${kpt.stdout.trim()} fn eval, one resource`, theirs);
    const ratio = (of: (t: Taken) => number) => (median(theirs.map(of)) / median(ours.map(of))).toFixed(2);
    console.log(`kpt's over ours: wall ${ratio((t) => t.wallMs)}`); // not CPU: see take()
  }
}

interface Taken {
  readonly wallMs: number;
  readonly cpuMs: number;
}

/** CPU of the process and of all it waited for, by bash's `times`: without that of our guests' process, which is ended and not waited for. */
function take(command: readonly string[], input: string): Taken {
  const file = join(dir, 'times');
  const script = `"$@" >/dev/null 2>"${file}.err"; code=$?; times >"${file}"; exit $code`;
  const started = performance.now();
  const env = { ...process.env, KPT_FN_WASM_RUNTIME: 'nodejs' };
  const { status } = spawnSync('bash', ['-c', script, 'bash', ...command], { input, env });
  const wallMs = performance.now() - started;
  if (status !== 0)
    throw new Error(`${command.join(' ')} ended with ${status}: ${readFileSync(`${file}.err`, 'utf8')}`);
  const children = readFileSync(file, 'utf8').trim().split('\n')[1] ?? '';
  const cpuMs = [...children.matchAll(/(\d+)m([\d.]+)s/g)].reduce(
    (sum, [, minutes, seconds]) => sum + Number(minutes) * 60_000 + Number(seconds) * 1000,
    0,
  );
  return { wallMs, cpuMs };
}

function row(name: string, taken: readonly Taken[]): void {
  const [wall, cpu] = [taken.map((t) => t.wallMs), taken.map((t) => t.cpuMs)];
  console.log(
    `${name}: wall ${ms(median(wall))} (best ${ms(Math.min(...wall))}), CPU ${ms(median(cpu))}, of ${taken.length}`,
  );
}

function list(): string {
  const item = readFileSync(join(root, 'scripts/testing/guests/package/deployment.yaml'), 'utf8');
  const indented = item.trimEnd().split('\n').join('\n  ');
  return `apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems:\n- ${indented}\n`;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function ms(value: number): string {
  return `${value.toFixed(1)} ms`;
}
