import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Terminal } from '../../../src/errors.ts';
import { toolchain } from '../../toolchain/toolchain.ts';
import { command, succeeds } from '../command.ts';
import { ensureGoTool, type GoTool, helm, kindTool, kubectl } from '../go-tools.ts';
import { AUDIT_POLICY } from '../local/control-plane-flags.ts';
import { clusterDir } from '../paths.ts';
import type { ClusterSpec, Context, Provider } from '../provider.ts';
import { kindCluster } from './cluster.ts';
import { kindConfig } from './config.ts';
import { ensureRegistry, registryContainer, wireRegistry } from './registry.ts';
import { readKindState, writeKindState } from './state.ts';

const NODE_COUNT = 2;
const CREATE_TIMEOUT_MS = 20 * 60_000;
/** The newest that a go.mod of these three asks for. */
const OLDEST_GO = '1.26';

/** Kubernetes in Docker: containers of kindest/node. Where Docker runs, it is there in a minute. */
export const kind: Provider = {
  kind: 'kind',
  up: async (spec, context) => {
    refuseWhatKindCannot(spec);
    await requireDocker();
    return up(spec.name, context);
  },
  down: async (name, context) => {
    await requireDocker();
    await context.progress.step('kind cluster', async () => {
      const program = await programOf(kindTool, 'kind', context);
      await command(program, [
        'delete',
        'cluster',
        '--name',
        name,
        '--kubeconfig',
        join(clusterDir(name), 'kubeconfig'),
      ]);
    });
    await context.progress.step('registry', async () => {
      const container = registryContainer(name);
      if (await succeeds('docker', ['inspect', container]))
        await command('docker', ['rm', '--force', '--volumes', container]);
    });
    rmSync(clusterDir(name), { recursive: true, force: true });
  },
  open: async (name) => {
    const state = readKindState(name);
    return state === undefined ? undefined : kindCluster(state);
  },
};

function refuseWhatKindCannot({ nodes, range }: ClusterSpec): void {
  if (nodes === undefined && range === undefined) return;
  throw new Terminal(
    "kind's nodes have the containerd of their image and Docker's addresses; --nodes and --range need --provider local",
  );
}

async function requireDocker(): Promise<void> {
  if (await succeeds('docker', ['info'], { timeoutMs: 15_000 })) return;
  throw new Terminal('kind needs Docker, and `docker info` fails here: start Docker, or use --provider local');
}

async function up(name: string, context: Context) {
  const { progress, signal } = context;
  const dir = clusterDir(name);
  const kindProgram = await programOf(kindTool, 'kind', context);
  const programs = {
    kubectl: await programOf(kubectl, 'kubectl', context),
    helm: await programOf(helm, 'helm', context),
  };
  const registry = await progress.step('registry', () => ensureRegistry(name, signal));
  if (!(await clusterExists(kindProgram, name))) {
    await progress.step('kind cluster (pulls its node image the first time)', () => create(kindProgram, name, signal));
  }
  const nodes = (await command(kindProgram, ['get', 'nodes', '--name', name])).split('\n').filter(Boolean);
  for (const node of nodes) await command('docker', ['start', node]);
  await progress.step('registry for the nodes', () => wireRegistry(name, registry, nodes));
  await progress.step('nodes Ready', async () => {
    const args = ['wait', '--for=condition=Ready', 'nodes', '--all', '--timeout=180s'];
    await command(programs.kubectl, ['--kubeconfig', join(dir, 'kubeconfig'), ...args], { signal, timeoutMs: 200_000 });
  });
  writeKindState({ provider: 'kind', name, registry, ...programs });
  return kindCluster({ provider: 'kind', name, registry, ...programs });
}

async function clusterExists(program: string, name: string): Promise<boolean> {
  return (await command(program, ['get', 'clusters'])).split('\n').includes(name);
}

async function create(program: string, name: string, signal: AbortSignal | undefined): Promise<void> {
  const dir = clusterDir(name);
  const auditDir = join(dir, 'audit');
  mkdirSync(auditDir, { recursive: true });
  writeFileSync(join(auditDir, 'policy.yaml'), AUDIT_POLICY);
  writeFileSync(join(dir, 'kind.yaml'), kindConfig({ name, nodeCount: NODE_COUNT, auditDir }));
  const files = ['--config', join(dir, 'kind.yaml'), '--kubeconfig', join(dir, 'kubeconfig')];
  await command(program, ['create', 'cluster', ...files, '--wait', '120s'], { signal, timeoutMs: CREATE_TIMEOUT_MS });
}

/** A person who has Docker mostly has these, too; what is missing is built. */
async function programOf(tool: GoTool, name: string, { progress, signal }: Context): Promise<string> {
  const installed = await command('sh', ['-c', `command -v ${name}`]).catch(() => '');
  if (installed !== '' && existsSync(installed)) return installed;
  const go = () => toolchain('go', { version: OLDEST_GO, say: progress.say, signal });
  return join(await ensureGoTool(tool, go, progress, signal), name);
}
