import { PAUSE_CONFIG_MAP } from '../../contract.ts';
import { CliError, EXIT } from '../exit.ts';
import type { Client } from '../kube/client.ts';
import type { NodeFlags } from '../node.ts';
import type { Operator } from '../operator.ts';

/** Everything is paused while a ConfigMap of this name is there: one object, so nodes that come later are paused, too. */

export async function pauseAll(client: Client, { namespace }: Operator, flags: NodeFlags): Promise<void> {
  const data = flags.reason === undefined ? {} : { reason: flags.reason };
  const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: PAUSE_CONFIG_MAP, namespace }, data };
  let said = 'everything is paused; running Jobs end. `kwasm node resume --all` goes on';
  try {
    if (flags.dryRun !== 'client')
      await client.create('pause everything', `/api/v1/namespaces/${namespace}/configmaps`, body);
  } catch (error) {
    if (!(error instanceof CliError) || !isConflict(error)) throw error;
    said = 'everything is paused already';
  }
  process.stdout.write(`${said}\n`);
}

export async function resumeAll(client: Client, { namespace }: Operator, flags: NodeFlags): Promise<void> {
  const path = `/api/v1/namespaces/${namespace}/configmaps/${PAUSE_CONFIG_MAP}`;
  let said = 'everything goes on';
  try {
    if (flags.dryRun !== 'client') await client.remove('resume everything', path);
  } catch (error) {
    if (!(error instanceof CliError) || error.exitCode !== EXIT.notFound) throw error;
    said = 'nothing was paused for all';
  }
  process.stdout.write(`${said}\n`);
}

function isConflict({ cause }: CliError): boolean {
  return (cause as { status?: unknown } | undefined)?.status === 409;
}
