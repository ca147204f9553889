import type { GuestNetwork } from '../../guest-network.ts';
import { isForTinyGo } from '../build/tinygo.ts';
import { type FunctionFile, readFunctionFile } from '../function-file.ts';
import type { Backend } from './backend.ts';
import { ComponentBackend } from './component-backend.ts';
import { outgoingOf } from './egress.ts';
import { type Address, isTaken, openFront } from './front.ts';
import { openGoHandler } from './go-handler.ts';
import { noteInstance } from './instances.ts';
import { localSettings } from './local-settings.ts';
import { openNodeHandler } from './node-handler.ts';
import { onSave } from './saves.ts';

export interface RunOptions {
  /** undefined: 127.0.0.1:8080, or where that is taken any other port, as func has it. */
  readonly address: Address | undefined;
  readonly component: boolean;
  readonly env: readonly string[];
  readonly memoryBytes?: number | undefined;
  readonly requestMs: number;
  readonly say: (line: string) => void;
}

const USUAL: Address = { host: '127.0.0.1', port: 8080 };

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
  const asComponent = options.component || !(await hasHandler(folder, file));
  const backend: Backend = asComponent
    ? await ComponentBackend.open({
        ...common,
        memoryBytes: local.memoryBytes,
        outgoing: outgoingOf(network),
        reach: reachOf(network),
      })
    : await (file.runtime === 'go-wasi' ? openGoHandler(common) : openNodeHandler(common));
  try {
    return await served(folder, address, backend, say);
  } catch (error) {
    await backend.close();
    throw error;
  }
}

/** Whether its handler is a function of the language's own HTTP, so that it runs without being a component. */
async function hasHandler(folder: string, file: FunctionFile): Promise<boolean> {
  if (file.runtime === 'go-wasi') return !(await isForTinyGo({ folder, file }));
  return /^(js|ts)-wasi$/.test(file.runtime);
}

async function served(folder: string, address: Address | undefined, backend: Backend, say: (line: string) => void) {
  const front = await openedFront(address, backend, say);
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

async function openedFront(address: Address | undefined, backend: Backend, say: (line: string) => void) {
  try {
    return await openFront(address ?? USUAL, backend, say);
  } catch (error) {
    if (address !== undefined || !isTaken(error)) throw error;
    say(`${USUAL.host}:${USUAL.port} is taken; this one is on another port`);
    return await openFront({ ...USUAL, port: 0 }, backend, say);
  }
}

function reachOf(network: GuestNetwork | undefined): string {
  if (network === undefined) return 'no network';
  if (network.inherit) return 'outgoing HTTP to anywhere';
  const { connect } = network.tcp;
  return connect.length === 0 ? 'no network' : `outgoing HTTP to ${connect.join(', ')}`;
}
