import type { V1Job, V1Pod } from '@kubernetes/client-node';
import { systemClock } from '../../clock.ts';
import { ENV, INSTALLER_CONTAINER } from '../../contract.ts';
import { jobName } from '../../operator/decide/name.ts';
import type { NodeView } from '../../operator/decide/view.ts';
import { EXIT_CODES } from '../../verdict.ts';
import type { DoctorFlags } from '../doctor.ts';
import { CliError, EXIT } from '../exit.ts';
import { onInterrupt } from '../interrupt.ts';
import { type Client, withClient } from '../kube/client.ts';
import { podLog } from '../kube/job-log.ts';
import { privilegedPod, removePod } from '../kube/privileged-pod.ts';
import { readable } from '../logs/line.ts';
import { selectNodes } from '../node/select.ts';
import { findOperator, NAMESPACE_DEFAULT, type OperatorFound } from '../operator.ts';
import { painter, screenOf } from '../screen.ts';
import { nodeRow } from '../status/node-row.ts';
import { wishOf } from '../status/view.ts';
import { colourDiff } from './diff.ts';

/** A pull of the image, and a look. */
const DEADLINE_MS = 120_000;
/** Most often nobody is there to start it. */
const NOT_READY_DEADLINE_MS = 15_000;
const POLL_MS = 300;
const LOG_MS_MAX = 30_000;

export async function runDoctor(name: string, flags: DoctorFlags): Promise<void> {
  using interrupt = onInterrupt();
  await withClient(flags, async (client) => {
    const [found, nodes] = await Promise.all([
      findOperator(client, flags),
      selectNodes(client, { kind: 'names', names: [name] }),
    ]);
    for (const node of nodes) {
      process.stdout.write(`${clusterLines(node, found).join('\n')}\n\n`);
      const { text, exitCode } = await look(client, node, found, flags, interrupt.signal);
      const screen = screenOf(process.stdout, process.env);
      screen.write(colourDiff(text.split('\n').map(readable).join('\n'), painter(screen.colour)));
      if (exitCode === EXIT_CODES.refused) process.exitCode = EXIT.unfit;
      else if (exitCode !== 0)
        throw new CliError(`the look at ${node.name} ended with ${exitCode}; what it said is above`);
    }
  });
}

/** What the cluster says of it, before the node itself is asked. */
function clusterLines(node: NodeView, found: OperatorFound): readonly string[] {
  const row = nodeRow(node, wishOf(found));
  const said = row.reason === '' ? row.standing : `${row.standing}: ${row.reason}: ${row.message}`;
  return [
    `node         ${row.name} (${row.nodeReady ? 'Ready' : 'NotReady'})`,
    `kind         ${row.kind}`,
    `asked for    ${row.wanted ? 'yes' : 'no'}${row.paused ? ', paused' : ''}`,
    `operator     ${said}`,
    `labels       ${row.handlers.join(', ') || 'none'}`,
  ];
}

/** In a pod that is removed again. */
export async function look(
  client: Client,
  { name: node, ready }: Pick<NodeView, 'name' | 'ready'>,
  found: OperatorFound,
  flags: Pick<DoctorFlags, 'image' | 'namespace'>,
  signal: AbortSignal,
): Promise<{ readonly text: string; readonly exitCode: number }> {
  const operator = found.kind === 'present' ? found.operator : undefined;
  const image = flags.image ?? operator?.installer.image;
  if (image === undefined) {
    const why =
      found.kind === 'absent'
        ? `there is no operator in namespace ${found.namespace}`
        : "the operator's configuration cannot be read";
    throw new CliError(
      `${why}, so the installer's image is not known: \`kwasm doctor ${node} --image IMAGE\` names it`,
      { exitCode: EXIT.notFound },
    );
  }
  const namespace = operator?.namespace ?? flags.namespace ?? NAMESPACE_DEFAULT;
  const name = `kwasm-doctor-${Date.now().toString(36)}`;
  const pod = privilegedPod({
    namespace,
    name,
    node,
    image,
    args: ['detect'],
    ...(operator === undefined ? {} : { installer: operator.installer }),
  });
  pod.spec?.containers[0]?.env?.push(...(await ordersOf(client, namespace, node)));
  const base = `/api/v1/namespaces/${namespace}/pods`;
  const path = `${base}/${name}`;
  await client.create(`look at node ${node}`, base, pod);
  try {
    const exitCode = await ended(client, path, { node, ready }, signal);
    let text = '';
    const within = AbortSignal.any([signal, AbortSignal.timeout(LOG_MS_MAX)]);
    for await (const part of podLog(client, { namespace, name }, INSTALLER_CONTAINER, {}, within)) text += part;
    if (signal.aborted) throw interrupted();
    return { text, exitCode };
  } finally {
    await removePod(client, { namespace, name }, ready ? undefined : 0);
  }
}

function interrupted(): CliError {
  return new CliError('interrupted; the pod is removed', { exitCode: EXIT.interrupted });
}

const ORDERS: ReadonlySet<string> = new Set([ENV.shims, ENV.mirror]);

/** What the operator last ordered here, so that the diff is of that and not of the image's default. */
async function ordersOf(
  client: Client,
  namespace: string,
  node: string,
): Promise<readonly { name: string; value: string }[]> {
  try {
    const job = await client.get<V1Job>(
      'read the install Job',
      `/apis/batch/v1/namespaces/${namespace}/jobs/${jobName(node, 'install')}`,
    );
    const container = job.spec?.template.spec?.containers.find((one) => one.name === INSTALLER_CONTAINER);
    return (container?.env ?? []).flatMap(({ name, value }) =>
      ORDERS.has(name) && value !== undefined ? [{ name, value }] : [],
    );
  } catch (error) {
    if (error instanceof CliError && (error.exitCode === EXIT.notFound || error.exitCode === EXIT.forbidden)) return [];
    throw error;
  }
}

async function ended(
  client: Client,
  path: string,
  { node, ready }: { readonly node: string; readonly ready: boolean },
  signal: AbortSignal,
): Promise<number> {
  const deadlineMs = ready ? DEADLINE_MS : NOT_READY_DEADLINE_MS;
  const endMs = systemClock.monotonicMs() + deadlineMs;
  for (;;) {
    const { status } = await client.get<V1Pod>(`look at node ${node}`, path);
    const state = status?.containerStatuses?.[0]?.state;
    if (state?.terminated !== undefined) return state.terminated.exitCode;
    const waits = [status?.phase, status?.reason, status?.message, state?.waiting?.reason, state?.waiting?.message]
      .filter(Boolean)
      .join(': ');
    if (status?.phase === 'Failed')
      throw new CliError(`the kubelet of ${node} refused the pod: ${waits}`, { exitCode: EXIT.unfit });
    if (signal.aborted) throw interrupted();
    if (systemClock.monotonicMs() > endMs) {
      const why = `${node} has not run the pod within ${deadlineMs / 1000} s (${waits})`;
      const todo = ready
        ? `kubectl describe node ${node} may say why`
        : `it is NotReady: kubectl describe node ${node} says since when, and on the node itself, journalctl -u kubelet says why`;
      throw new CliError(`${why}; ${todo}`, { exitCode: EXIT.timeout });
    }
    await systemClock.sleep(POLL_MS, signal).catch(() => {});
  }
}
