import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { V1Namespace } from '@kubernetes/client-node';
import { some } from '../check/nodes.ts';
import { CliError, EXIT } from '../exit.ts';
import { type Client, withClient } from '../kube/client.ts';
import { selectNodes } from '../node/select.ts';
import { findOperator, NAMESPACE_DEFAULT, type OperatorFound } from '../operator.ts';
import type { ReleaseFlags } from '../release.ts';
import { nodeRow } from '../status/node-row.ts';
import { wishOf } from '../status/view.ts';
import {
  cleanupArguments,
  installArguments,
  isDry,
  type Target,
  uninstallArguments,
  upgradeArguments,
  warningsOf,
} from './helm-arguments.ts';

const RELEASE_DEFAULT = 'kwasm-operator';
const PRIVILEGED = 'pod-security.kubernetes.io/enforce';

export async function runRelease(name: 'install' | 'upgrade' | 'uninstall', flags: ReleaseFlags): Promise<void> {
  if (flags.explain !== undefined) {
    const { explainValues } = await import('./explain.ts');
    process.stdout.write(explainValues(readFileSync(join(ownChart(), 'values.yaml'), 'utf8'), flags.explain));
    return;
  }
  await helm(['version', '--short'], 'ignore'); // before anything is changed
  const chart = flags.chart ?? ownChart();
  if (name === 'install') await install(chart, flags);
  else {
    const target = await withClient(flags, async (client) => ({ ...(await installed(client, name, flags)), chart }));
    if (name === 'upgrade') await apply('Upgrading', target, upgradeArguments(target, flags), flags);
    else await uninstall(target, flags);
  }
  if (isDry(flags)) process.stdout.write('\nA dry run: nothing was changed.\n');
}

async function install(chart: string, flags: ReleaseFlags): Promise<void> {
  const target = { release: flags.release ?? RELEASE_DEFAULT, namespace: flags.namespace ?? NAMESPACE_DEFAULT, chart };
  refuseSecond(await withClient(flags, (client) => findOperator(client, {})));
  if (isDry(flags)) return void (await helm(installArguments(target, flags)));
  // A wrong value is found by rendering, before there is a namespace for nothing.
  await helm(installArguments(target, { ...flags, dryRun: 'client' }), 'ignore');
  if (flags.createNamespace !== false) await withClient(flags, (client) => ensureNamespace(client, target.namespace));
  await apply('Installing', target, installArguments(target, flags), flags);
  process.stdout.write('\nNext: `kwasm node enable NODE --wait`, then `kwasm status`\n');
}

/** The chart's notes are for those who use Helm alone; what it warns of is for everybody. */
async function apply(what: string, target: Target, args: readonly string[], flags: ReleaseFlags): Promise<void> {
  if (isDry(flags)) return void (await helm(args));
  const { release, namespace } = target;
  const waits = flags.wait ? `, and waiting until it is ready (at most ${flags.timeout})` : '';
  process.stdout.write(`${what} release ${release} in namespace ${namespace}${waits} ...\n`);
  const said = await helm(args, 'pipe');
  process.stdout.write(warningsOf(said) || `${release} is there.\n`);
}

/** Wherever it is: two operators would work on the same nodes. */
function refuseSecond(found: OperatorFound): void {
  if (found.kind === 'present') {
    const { namespace, name, version } = found.operator;
    throw new CliError(
      `${namespace}/${name} ${version} is installed already. \`kwasm upgrade\` changes its version or values, \`kwasm uninstall\` removes it`,
      { exitCode: EXIT.unfit },
    );
  }
  if (found.kind === 'unknown' && found.foreign) {
    throw new CliError(
      `there is an operator in namespace ${found.namespace}: ${found.why}. \`kwasm upgrade -n ${found.namespace}\` takes it over in place (docs/compatibility.md)`,
      { exitCode: EXIT.unfit },
    );
  }
}

async function uninstall(target: Target, flags: ReleaseFlags): Promise<void> {
  const { release, namespace } = target;
  const nodes = await withClient(flags, (client) => nodesWithOurs(client, flags));
  if (flags.nodes === true) {
    const what = `${isDry(flags) ? 'would be taken' : 'everything is taken'} off ${some(nodes) || 'no node, for nothing is there'}`;
    process.stdout.write(`First ${what}, within the limits of the rollout.\n`);
    if (!isDry(flags)) await helm(cleanupArguments(target, flags));
  } else if (nodes.length > 0) {
    process.stdout.write(
      `Nodes stay as they are, serving: ${some(nodes)}. \`--nodes\` would take everything off first.\n`,
    );
  }
  try {
    await helm(uninstallArguments(target, flags));
  } catch (error) {
    if (flags.nodes !== true || !(error instanceof CliError)) throw error;
    const log = `kubectl -n ${namespace} logs job/${release}-cleanup`;
    const back = `kubectl -n ${namespace} delete job ${release}-cleanup`;
    throw new CliError(
      `not everything is off the nodes yet, and the release is still there. \`${log}\` says what is left and why; then \`kwasm uninstall --nodes\` goes on, or \`${back}\` takes it back`,
      { exitCode: error.exitCode, cause: error },
    );
  }
  if (!isDry(flags))
    process.stdout.write(
      `Namespace ${namespace} stays: \`kubectl delete namespace ${namespace}\`, if nothing of yours is in it.\n`,
    );
}

/** Names of nodes that something of ours is on. */
async function nodesWithOurs(client: Client, flags: ReleaseFlags): Promise<readonly string[]> {
  const [found, nodes] = await Promise.all([findOperator(client, flags), selectNodes(client, { kind: 'all' })]);
  return nodes
    .filter((node) => node.runtimeLabels.length > 0 || nodeRow(node, wishOf(found)).standing === 'ready')
    .map(({ name }) => name);
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

async function installed(
  client: Client,
  name: 'upgrade' | 'uninstall',
  flags: ReleaseFlags,
): Promise<Omit<Target, 'chart'>> {
  const found = await findOperator(client, flags);
  if (found.kind === 'absent') {
    const todo = name === 'upgrade' ? '`kwasm install` installs it' : 'there is nothing to remove';
    throw new CliError(`no operator in namespace ${found.namespace}: ${todo}; -n names another namespace`, {
      exitCode: EXIT.notFound,
    });
  }
  if (found.kind === 'unknown') return { release: flags.release ?? RELEASE_DEFAULT, namespace: found.namespace };
  const { namespace, release } = found.operator;
  if (release === undefined) {
    throw new CliError(
      `${namespace}/${found.operator.name} was not installed by Helm, so Helm cannot ${name} it: use what it was applied with (kubectl and manifests/kwasm-operator.yaml, Argo CD, ...)`,
      { exitCode: EXIT.unfit },
    );
  }
  return { release: flags.release ?? release, namespace };
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
async function helm(args: readonly string[], output: 'inherit' | 'ignore' | 'pipe' = 'inherit'): Promise<string> {
  const program = process.env['HELM'] || 'helm';
  const ignore = () => {};
  process.on('SIGINT', ignore);
  try {
    const child = spawn(program, [...args], { stdio: ['ignore', output, 'inherit'] });
    const said: Buffer[] = [];
    child.stdout?.on('data', (part: Buffer) => said.push(part));
    const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
    if (code === 0) return Buffer.concat(said).toString();
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
