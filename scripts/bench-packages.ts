import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleCommand } from './cli/bundle.ts';
import { root } from './testing/mocha.ts';

/**
 * `npm run bench:packages`: packages of many Deployments, and a pipeline of ten functions, through kwasm and through kpt where it is
 * installed, in turns. The function is a native one that changes an image in each resource, so that what is measured is reading and writing.
 */
const ROUNDS = 3;
const CASES = [
  { name: 'eval, 1,000 Deployments', count: 1_000, command: 'eval', functions: 1 },
  { name: 'eval, 10,000 Deployments', count: 10_000, command: 'eval', functions: 1 },
  { name: 'render, 1,000 Deployments, 10 functions', count: 1_000, command: 'render', functions: 10 },
] as const;

interface Taken {
  readonly wallSeconds: number;
  readonly cpuSeconds: number;
  readonly memoryMb: number;
}

const directory = mkdtempSync(join(tmpdir(), 'kwasm-bench-packages-'));
try {
  const kwasm = join(directory, 'kwasm.mjs');
  await bundleCommand(root, 'bench', kwasm);
  const f = join(directory, 'function.sh');
  writeFileSync(f, "#!/bin/sh\nexec sed 's/nginx:1/nginx:2/'\n", { mode: 0o755 });
  const kpt = spawnSync('kpt', ['version'], { encoding: 'utf8' });
  if (kpt.status !== 0) console.log('kpt: SKIPPED, it is not installed');
  for (const { name, count, command, functions } of CASES) {
    const given = join(directory, 'given');
    makePackage(given, count, f, functions);
    const flags = command === 'eval' ? ['--exec', f] : ['--allow-exec'];
    const ours: Taken[] = [];
    const theirs: Taken[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      ours.push(take([process.execPath, kwasm, 'fn', command], given, flags));
      if (kpt.status === 0) theirs.push(take(['kpt', 'fn', command], given, flags));
    }
    report(name, ours, theirs);
  }
  console.log(
    `${cpus().length} CPUs (${cpus()[0]?.model}), load ${loadavg()[0]?.toFixed(1)}, Node ${process.versions.node}`,
  );
} finally {
  rmSync(directory, { recursive: true });
}

function makePackage(at: string, count: number, f: string, functions: number): void {
  rmSync(at, { recursive: true, force: true });
  mkdirSync(at, { recursive: true });
  const pipeline = Array.from({ length: functions }, () => `  - exec: ${f}\n`).join('');
  const meta = 'apiVersion: kpt.dev/v1\nkind: Kptfile\nmetadata:\n  name: bench\n';
  writeFileSync(join(at, 'Kptfile'), `${meta}pipeline:\n  mutators:\n${pipeline}`);
  writeFileSync(join(at, 'all.yaml'), Array.from({ length: count }, (_, i) => deployment(i)).join('---\n'));
}

function deployment(i: number): string {
  const spec = `spec:\n  replicas: 3\n  template:\n    spec:\n      containers:\n      - name: web\n        image: nginx:1.${i}\n`;
  return `apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web-${i}\n${spec}`;
}

/** By GNU time: of the largest process and, for the time, of all. */
function take(command: readonly string[], given: string, flags: readonly string[]): Taken {
  const at = `${given}-copy`;
  const times = `${given}-times`;
  cpSync(given, at, { recursive: true });
  const { status, stderr } = spawnSync('/usr/bin/time', ['-o', times, '-f', '%e %U %S %M', ...command, at, ...flags]);
  if (status !== 0) throw new Error(`${command.join(' ')}: ${stderr}`);
  const [wall = 0, user = 0, system = 0, kilobytes = 0] = readFileSync(times, 'utf8').trim().split(' ').map(Number);
  rmSync(at, { recursive: true });
  return { wallSeconds: wall, cpuSeconds: user + system, memoryMb: kilobytes / 1000 };
}

function report(name: string, ours: readonly Taken[], theirs: readonly Taken[]): void {
  row(`kwasm ${name}`, ours);
  if (theirs.length === 0) return;
  row(`kpt   ${name}`, theirs);
  const ratio = (of: (taken: Taken) => number) => (best(theirs.map(of)) / best(ours.map(of))).toFixed(1);
  console.log(
    `  kpt's over ours: wall ${ratio((t) => t.wallSeconds)}, CPU ${ratio((t) => t.cpuSeconds)}, memory ${ratio((t) => t.memoryMb)}`,
  );
}

function row(name: string, taken: readonly Taken[]): void {
  const least = (of: (one: Taken) => number) => best(taken.map(of)).toFixed(2);
  console.log(
    `${name}: wall ${least((t) => t.wallSeconds)} s, CPU ${least((t) => t.cpuSeconds)} s, peak ${best(taken.map((t) => t.memoryMb)).toFixed(0)} MB (best of ${taken.length})`,
  );
}

function best(values: readonly number[]): number {
  return Math.min(...values);
}
