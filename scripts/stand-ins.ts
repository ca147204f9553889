import { parseArgs } from 'node:util';
import { execa } from 'execa';
import type { TestRun } from '../e2e/harness/test-cluster.ts';
import { ROWS } from '../e2e/stand-ins/rows.ts';
import { messageOf } from '../src/errors.ts';
import { standIn } from './cluster/go-tools.ts';
import { bringUp, takeDown } from './cluster/lifecycle.ts';
import { ensurePrograms } from './cluster/local/programs.ts';
import { progressTo } from './cluster/progress.ts';
import { buildImages } from './images/build.ts';
import { pushFixtures } from './shim/fixtures.ts';
import { mochaCommand, root } from './testing/mocha.ts';
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

const abort = new AbortController();
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(name, () => abort.abort(new Error('interrupted')));
const progress = progressTo((line) => console.error(line));
const context = { progress, signal: abort.signal };

async function stories(): Promise<number> {
  const names = values.only?.split(',') ?? ROWS.map(({ id }) => id);
  const unknown = names.filter((name) => ROWS.every(({ id }) => id !== name));
  if (unknown.length > 0) throw new Error(`--only ${unknown.join(', ')}: no such row\n\n${USAGE}`);
  const rows = ROWS.filter(({ id }) => names.includes(id));
  const nodes = rows.map(({ containerd, cgroupDriver }) => ({ containerd, cgroupDriver }));
  const cluster = await bringUp({ name: values.name, range: values.range, nodes }, 'local', context);
  const minors = [...new Set(rows.map(({ containerd }) => containerd))];
  await ensurePrograms(minors.map(standIn), progress, abort.signal);
  await ensurePackages(['buildah', 'skopeo'], progress.say, abort.signal);
  const images = await buildImages({ registry: cluster.registry, ...context });
  const fixtures = await pushFixtures({ registry: cluster.registry, ...context });
  const run: TestRun = { cluster: values.name, images, fixtures };
  const { file, args } = mochaCommand(['e2e/stand-ins/*.test.ts'], ['--bail=false', '--timeout=600000']);
  const done = await execa(file, args, {
    cwd: root,
    env: { KWASM_E2E: JSON.stringify(run), KWASM_STAND_INS: names.join(',') },
    stdio: ['ignore', 'inherit', 'inherit'],
    reject: false,
    cancelSignal: abort.signal,
    forceKillAfterDelay: 30_000,
  });
  return done.exitCode ?? 1;
}

let code = 1;
if (values.help) {
  console.log(USAGE);
  code = 0;
} else {
  try {
    code = await stories();
  } catch (error) {
    console.error(`stand-ins: ${messageOf(error)}`);
  }
  if (!values.keep)
    await takeDown(values.name, undefined, { progress }).catch((error: unknown) => {
      console.error(`stand-ins: ${messageOf(error)}`);
      code = 1;
    });
}
process.exitCode = code;
