import { parseQuantity } from '../../quantity.ts';
import { envSource } from '../env.ts';
import { FuncError } from '../func-error.ts';
import type { FunctionFile } from '../function-file.ts';

/** What func.yaml says about a run, as far as it can be had without a cluster. */
export interface LocalSettings {
  readonly env: Readonly<Record<string, string>>;
  readonly args: readonly string[];
  readonly memoryBytes: number;
  /** What is in func.yaml and only a cluster has. */
  readonly left: readonly string[];
}

export interface LocalFlags {
  /** `NAME=value` sets, `NAME-` takes away, as func's --env. */
  readonly env: readonly string[];
  readonly memoryBytes?: number | undefined;
}

const MEMORY_BYTES = 256 * 1024 * 1024;
/** Of a pod's limit, one instance may have half: the shim's own rule for WasmModules. */
const INSTANCE_SHARE = 0.5;
const WASM_PAGE_BYTES = 64 * 1024;
const MEMORY_BYTES_MAX = 4 * 1024 ** 3;

export function localSettings(file: FunctionFile, flags: LocalFlags, environment: NodeJS.ProcessEnv): LocalSettings {
  const env: Record<string, string> = {};
  const left: string[] = [];
  for (const entry of file.run.envs) {
    const source = envSource(entry);
    if (source?.kind === 'value') env[source.name] = source.value;
    else if (source?.kind === 'local') {
      const value = environment[source.variable];
      if (value === undefined)
        throw new FuncError(
          'input',
          `run.envs: ${source.name} is {{ env:${source.variable} }}, and there is no ${source.variable} in the environment`,
        );
      env[source.name] = value;
    } else if (source?.kind === 'key')
      left.push(`${source.name} (of ${source.of} ${source.object}); --env ${source.name}=... sets it`);
    else if (source !== undefined) left.push(`all of ${source.of} ${source.object}`);
  }
  for (const { path, secret, configMap } of file.run.volumes)
    left.push(`the volume ${secret ?? configMap ?? ''} at ${path ?? '(no path)'}`.replace('volume  at', 'volume at'));
  for (const text of flags.env) setOrTake(env, text);
  const limit = file.deploy.options.resources.limits.memory;
  const memoryBytes =
    flags.memoryBytes ?? (limit === undefined ? MEMORY_BYTES : (parseQuantity(limit) ?? 0) * INSTANCE_SHARE);
  return { env, args: file.run.args, memoryBytes: wholePages(memoryBytes), left };
}

function setOrTake(env: Record<string, string>, text: string): void {
  const at = text.indexOf('=');
  if (at > 0) env[text.slice(0, at)] = text.slice(at + 1);
  else if (at === -1 && /^[^=]+-$/.test(text)) delete env[text.slice(0, -1)];
  else throw new FuncError('input', `--env ${text}: write NAME=value, or NAME- to take it away`);
}

function wholePages(bytes: number): number {
  const most = Math.min(Math.max(bytes, WASM_PAGE_BYTES), MEMORY_BYTES_MAX);
  return Math.floor(most / WASM_PAGE_BYTES) * WASM_PAGE_BYTES;
}
