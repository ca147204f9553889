import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { V1Namespace } from '@kubernetes/client-node';
import { CliError, EXIT } from '../exit.ts';
import { type Client, withClient } from '../kube/client.ts';
import { findOperator, NAMESPACE_DEFAULT } from '../operator.ts';
import type { ReleaseFlags } from '../release.ts';
import {
  cleanupArguments,
  installArguments,
  isDry,
  type Target,
  uninstallArguments,
  upgradeArguments,
} from './helm-arguments.ts';

const PRIVILEGED = 'pod-security.kubernetes.io/enforce';

export async function runRelease(name: 'install' | 'upgrade' | 'uninstall', flags: ReleaseFlags): Promise<void> {
  if (flags.explain !== undefined) {
    const { explainValues } = await import('./explain.ts');
    process.stdout.write(explainValues(readFileSync(join(ownChart(), 'values.yaml'), 'utf8'), flags.explain));
    return;
  }
  await helm(['version', '--short'], 'ignore'); // before anything is changed
  const chart = flags.chart ?? ownChart();
  if (name === 'install')
    return await install({ release: flags.release, namespace: flags.namespace ?? NAMESPACE_DEFAULT, chart }, flags);
  const target = await withClient(flags, async (client) => ({ ...(await installed(client, flags)), chart }));
  if (name === 'upgrade') return await helm(upgradeArguments(target, flags));
  if (flags.nodes === true && !isDry(flags)) await helm(cleanupArguments(target, flags));
  else if (!isDry(flags))
    process.stdout.write('The nodes stay as they are, serving; --nodes would take everything off first.\n');
  await helm(uninstallArguments(target, flags));
}

async function install(target: Target, flags: ReleaseFlags): Promise<void> {
  if (flags.createNamespace !== false && !isDry(flags)) {
    await withClient(flags, (client) => ensureNamespace(client, target.namespace));
  }
  await helm(installArguments(target, flags));
  if (!isDry(flags)) process.stdout.write('\nNext: `kwasm node enable NODE --wait`, then `kwasm status`\n');
}

/** The installer's pods are privileged; where Pod Security is enforced the namespace has to say so. */
async function ensureNamespace(client: Client, name: string): Promise<void> {
  const labels = { [PRIVILEGED]: 'privileged' };
  const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } };
  try {
    await client.create(`make namespace ${name}`, '/api/v1/namespaces', body);
    process.stdout.write(`namespace ${name} made, labelled ${PRIVILEGED}=privileged\n`);
    return;
  } catch (error) {
    if ((error as { cause?: { status?: unknown } }).cause?.status !== 409) throw error;
  }
  const path = `/api/v1/namespaces/${name}`;
  const { metadata } = await client.get<V1Namespace>(`read namespace ${name}`, path);
  if (metadata?.labels?.[PRIVILEGED] === 'privileged') return;
  await client.patch(`label namespace ${name}`, path, { metadata: { labels } });
  process.stdout.write(`namespace ${name} labelled ${PRIVILEGED}=privileged\n`);
}

async function installed(client: Client, flags: ReleaseFlags): Promise<Omit<Target, 'chart'>> {
  const found = await findOperator(client, flags);
  if (found.kind === 'absent') {
    throw new CliError(`no operator in namespace ${found.namespace}: nothing to do; -n names another namespace`, {
      exitCode: EXIT.notFound,
    });
  }
  const namespace = found.kind === 'present' ? found.operator.namespace : found.namespace;
  return { release: flags.release, namespace };
}

/** Beside the published command, or in the repository. */
function ownChart(): string {
  const here = dirname(fileURLToPath(import.meta.url));
  const candidates = [
    join(here, 'chart'),
    join(here, '../../../helm/kwasm-operator'),
    join(here, '../helm/kwasm-operator'),
  ];
  const found = candidates.find((directory) => existsSync(join(directory, 'Chart.yaml')));
  if (found !== undefined) return found;
  throw new CliError('the chart is not beside this command: name one with --chart', { exitCode: EXIT.usage });
}

/** Its own words go to the terminal; a Ctrl-C reaches it as well, and it ends in its own time. */
async function helm(args: readonly string[], output: 'inherit' | 'ignore' = 'inherit'): Promise<void> {
  const program = process.env['HELM'] || 'helm';
  const ignore = () => {};
  process.on('SIGINT', ignore);
  try {
    const child = spawn(program, [...args], { stdio: ['ignore', output, 'inherit'] });
    const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
    if (code === 0) return;
    const how = signal === null ? `with ${code}` : `by ${signal}`;
    throw new CliError(`helm ended ${how}; its own words are above`, {
      exitCode: signal === 'SIGINT' || code === EXIT.interrupted ? EXIT.interrupted : EXIT.failed,
    });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new CliError(
      `${program} is not on PATH: install Helm 3.14 or newer (https://helm.sh/docs/intro/install/), or name it with $HELM. Without Helm: manifests/kwasm-operator.yaml`,
      { cause: error },
    );
  } finally {
    process.removeListener('SIGINT', ignore);
  }
}
