import { parseArgs } from 'node:util';
import { execa } from 'execa';
import type { TestRun } from '../e2e/harness/test-cluster.ts';
import { ROWS } from '../e2e/stand-ins/rows.ts';
import { messageOf } from '../src/errors.ts';
import { standIn } from './cluster/go-tools.ts';
import { ensurePrograms } from './cluster/local/programs.ts';
import type { Cluster } from './cluster/provider.ts';
import { buildImages } from './images/build.ts';
import { pushFixtures } from './shim/fixtures.ts';
import { mochaCommand, root } from './testing/mocha.ts';
import { onOwnCluster, type Work } from './testing/own-cluster.ts';
import { ensurePackages } from './toolchain/packages.ts';

const USAGE = `npm run e2e:stand-ins -- [options]

The installer on nodes whose containerd another program starts, as K3s and k0s do. That program is a stand-in written after
their sources: real are systemd, containerd, the kubelet and the pods. What it proves is our side of it.

  --only ROW,ROW       ${ROWS.map(({ id }) => id).join(', ')}
  --keep               leave the cluster up
  --name, --range      the cluster's; default kwstand, 10.192.0.0/16`;

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    keep: { type: 'boolean', default: false },
    name: { type: 'string', default: 'kwstand' },
    range: { type: 'string', default: '10.192.0.0/16' },
    help: { type: 'boolean', default: false },
  },
});

function rowsWanted(): typeof ROWS {
  const names = values.only?.split(',') ?? ROWS.map(({ id }) => id);
  const unknown = names.filter((name) => ROWS.every(({ id }) => id !== name));
  if (unknown.length > 0) throw new Error(`--only ${unknown.join(', ')}: no such row\n\n${USAGE}`);
  return ROWS.filter(({ id }) => names.includes(id));
}

async function stories(rows: typeof ROWS, cluster: Cluster, context: Work): Promise<number> {
  const { progress, signal } = context;
  const minors = [...new Set(rows.map(({ containerd }) => containerd))];
  await ensurePrograms(minors.map(standIn), progress, signal);
  await ensurePackages(['buildah', 'skopeo'], progress.say, signal);
  const images = await buildImages({ registry: cluster.registry, ...context });
  const fixtures = await pushFixtures({ registry: cluster.registry, ...context });
  const run: TestRun = { cluster: values.name, images, fixtures };
  const { file, args } = mochaCommand(['e2e/stand-ins/*.test.ts'], ['--bail=false', '--timeout=600000']);
  const done = await execa(file, args, {
    cwd: root,
    env: { KWASM_E2E: JSON.stringify(run), KWASM_STAND_INS: rows.map(({ id }) => id).join(',') },
    stdio: ['ignore', 'inherit', 'inherit'],
    reject: false,
    cancelSignal: signal,
    forceKillAfterDelay: 30_000,
  });
  return done.exitCode ?? 1;
}

async function main(): Promise<number> {
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const rows = rowsWanted();
  const nodes = rows.map(({ containerd, cgroupDriver }) => ({ containerd, cgroupDriver }));
  const spec = { name: values.name, range: values.range, nodes };
  return await onOwnCluster('stand-ins', spec, { provider: 'local', keep: values.keep }, (cluster, context) =>
    stories(rows, cluster, context),
  );
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(`stand-ins: ${messageOf(error)}`);
  process.exitCode = 1;
}
