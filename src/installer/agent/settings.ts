import { ENV } from '../../contract.ts';
import { Terminal } from '../../errors.ts';
import type { Run } from '../run.ts';
import type { AgentOptions } from './agent.ts';
import { inClusterApi } from './api.ts';
import { SLOT_TIMES } from './slots.ts';

const ACCOUNT_DIRECTORY = '/var/run/secrets/kubernetes.io/serviceaccount';
const POD_DIRECTORY = '/var/run/kwasm-agent';

type Environment = Readonly<Record<string, string | undefined>>;

/** What the DaemonSet of the chart tells its agents. */
export function agentSettings(env: Environment, { clock, log }: Run): Pick<AgentOptions, 'slots' | 'directory'> {
  const told = (name: string): string => {
    const value = env[name];
    if (value === undefined || value === '')
      throw new Terminal(`${name} is not set: the agent runs in the chart's DaemonSet`);
    return value;
  };
  const host = told('KUBERNETES_SERVICE_HOST');
  const server = new URL(`https://${host.includes(':') ? `[${host}]` : host}:${told('KUBERNETES_SERVICE_PORT')}`);
  return {
    directory: POD_DIRECTORY,
    slots: {
      api: inClusterApi(server, ACCOUNT_DIRECTORY),
      namespace: told(ENV.namespace),
      names: told(ENV.slots).split(','),
      holder: told(ENV.nodeName),
      clock,
      random: Math.random,
      log,
      times: SLOT_TIMES,
    },
  };
}
