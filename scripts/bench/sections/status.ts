import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { bundleCommand } from '../../cli/bundle.ts';
import { root } from '../../testing/mocha.ts';
import { exactly, type Figure, said } from '../figure.ts';
import { annotateAll } from '../population.ts';
import { median } from '../quantiles.ts';
import type { Rig } from '../rig.ts';

const RUNS = 7;

/** What a person waits for: `kwasm status` of a large cluster, and the start of the command against that of Node itself. */
export async function status(rig: Rig): Promise<readonly Figure[]> {
  const { nodes, short } = rig.scale;
  const names = await rig.withNodes(nodes);
  await rig.progress.step(`${nodes} annotations`, () => annotateAll(rig.plane.api, names));
  const directory = join(rig.plane.dir, 'cli');
  mkdirSync(directory, { recursive: true });
  const command = join(directory, 'kwasm.mjs');
  await bundleCommand(root, 'bench', command);
  const kubeconfig = join(directory, 'kubeconfig');
  writeFileSync(kubeconfig, kubeconfigOf(rig));
  const { stdout } = await ended([command, 'status', '-o', 'json', '--kubeconfig', kubeconfig]);
  const { wanted } = JSON.parse(stdout) as { readonly wanted: number };
  const seen = exactly(`kwasm status: nodes that are asked for, of ${nodes}`, wanted, nodes);
  if (short) return [seen];
  const whole = await timed(RUNS, [command, 'status', '--kubeconfig', kubeconfig]);
  const node = await timed(RUNS, ['-e', '0']);
  const help = await timed(RUNS, [command, '--help']);
  const version = await timed(RUNS, [command, 'version', '--client']);
  return [
    said(`kwasm status, ${nodes} nodes, median of ${RUNS}`, seconds(whole)),
    said('  all runs', whole.map((ms) => (ms / 1000).toFixed(2)).join(' ')),
    said('node -e 0', seconds(node)),
    said('kwasm --help', `${seconds(help)}, ${ratio(help, node)} of node's own`),
    said('kwasm version --client', `${seconds(version)}, ${ratio(version, node)} of node's own`),
    seen,
  ];
}

/** Wall time from the start of the process to its end; `status` ends with 3 or 4 while nodes wait. */
async function timed(runs: number, args: readonly string[]): Promise<readonly number[]> {
  const took: number[] = [];
  for (let run = 0; run < runs; run += 1) {
    const startMs = performance.now();
    await ended(args);
    took.push(performance.now() - startMs);
  }
  return took;
}

async function ended(args: readonly string[]): Promise<{ readonly stdout: string }> {
  const run = promisify(execFile)(process.execPath, [...args], { maxBuffer: 256 * 1024 * 1024 });
  return await run.catch((error: { readonly code?: unknown; readonly stdout?: string; readonly stderr?: string }) => {
    if (error.code === 3 || error.code === 4) return { stdout: error.stdout ?? '' };
    throw new Error(`kwasm ended with ${String(error.code)}: ${error.stderr ?? ''}`);
  });
}

function kubeconfigOf({ plane }: Rig): string {
  const pki = join(plane.dir, 'pki');
  const user = { 'client-certificate': join(pki, 'admin.crt'), 'client-key': join(pki, 'admin.key') };
  return JSON.stringify({
    'current-context': 'bench',
    clusters: [
      { name: 'bench', cluster: { server: plane.server.origin, 'certificate-authority': join(pki, 'ca.crt') } },
    ],
    users: [{ name: 'admin', user }],
    contexts: [{ name: 'bench', context: { cluster: 'bench', user: 'admin' } }],
  });
}

function seconds(all: readonly number[]): string {
  return `${(median(all) / 1000).toFixed(2)} s`;
}

function ratio(all: readonly number[], base: readonly number[]): string {
  return `${(median(all) / median(base)).toFixed(1)} times`;
}
