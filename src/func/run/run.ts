import type { GuestNetwork } from '../../guest-network.ts';
import { readFunctionFile } from '../function-file.ts';
import type { Backend } from './backend.ts';
import { ComponentBackend } from './component-backend.ts';
import { outgoingOf } from './egress.ts';
import { type Address, openFront } from './front.ts';
import { noteInstance } from './instances.ts';
import { localSettings } from './local-settings.ts';
import { NodeBackend } from './node-backend.ts';
import { onSave } from './saves.ts';

export interface RunOptions {
  readonly address: Address;
  readonly component: boolean;
  readonly env: readonly string[];
  readonly memoryBytes?: number | undefined;
  readonly requestMs: number;
  readonly say: (line: string) => void;
}

export interface RunningFunction {
  readonly url: string;
  readonly mode: string;
  close(): Promise<void>;
}

/** Serves the function of a folder on this machine, again after each save. */
export async function runFunction(folder: string, options: RunOptions): Promise<RunningFunction> {
  const file = await readFunctionFile(folder);
  const { address, env, memoryBytes, requestMs, say } = options;
  const local = localSettings(file, { env, memoryBytes }, process.env);
  for (const what of local.left) say(`not here: ${what}`);
  const common = { folder, env: local.env, args: local.args, requestMs, say };
  const { network } = file.deploy;
  const asComponent = options.component || !/^(js|ts)-wasi$/.test(file.runtime);
  const backend: Backend = asComponent
    ? await ComponentBackend.open({
        ...common,
        memoryBytes: local.memoryBytes,
        outgoing: outgoingOf(network),
        reach: reachOf(network),
      })
    : await NodeBackend.open(common);
  try {
    return await served(folder, address, backend, say);
  } catch (error) {
    await backend.close();
    throw error;
  }
}

async function served(folder: string, address: Address, backend: Backend, say: (line: string) => void) {
  const front = await openFront(address, backend, say);
  const forget = await noteInstance(folder, front.port, front.url);
  const saves = onSave(folder, () => backend.reload());
  return {
    url: front.url,
    mode: backend.mode,
    close: async () => {
      saves.close();
      await forget();
      await front.close();
      await backend.close();
    },
  };
}

function reachOf(network: GuestNetwork | undefined): string {
  if (network === undefined) return 'no network';
  if (network.inherit) return 'outgoing HTTP to anywhere';
  const { connect } = network.tcp;
  return connect.length === 0 ? 'no network' : `outgoing HTTP to ${connect.join(', ')}`;
}
