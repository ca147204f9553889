import type { V1EnvVar } from '@kubernetes/client-node';
import { envSource } from '../env.ts';
import { FuncError } from '../func-error.ts';

interface Entry {
  readonly name?: string | undefined;
  readonly value?: string | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** `run.envs` as a container's environment; what is the caller's own is read now. */
export function envVars(entries: readonly Entry[], local: Environment): readonly V1EnvVar[] {
  return entries.map((entry) => envVar(entry, local));
}

function envVar(entry: Entry, local: Environment): V1EnvVar {
  const source = envSource(entry);
  switch (source?.kind) {
    case 'value':
      return { name: source.name, value: source.value };
    case 'local':
      return { name: source.name, value: localValue(source.variable, `run.envs: ${source.name}`, local) };
    case 'key': {
      const reference = { name: source.object, key: source.key };
      const valueFrom = source.of === 'secret' ? { secretKeyRef: reference } : { configMapKeyRef: reference };
      return { name: source.name, valueFrom };
    }
    case 'all':
      throw new FuncError(
        'input',
        `run.envs: {{ ${source.of}:${source.object} }} without a name would take all its keys, for which a WasmModule has no field; name each: {{ ${source.of}:${source.object}:KEY }}`,
      );
    default:
      throw new FuncError('input', `run.envs: ${entry.name ?? ''}: ${entry.value ?? ''} is no form of a variable`);
  }
}

/** A value that may be one of the caller's variables: `{{ env:NAME }}`. */
export function literal(value: string, what: string, local: Environment): string {
  const source = envSource({ name: 'value', value });
  if (source?.kind === 'value') return source.value;
  if (source?.kind === 'local') return localValue(source.variable, what, local);
  throw new FuncError('input', `${what}: ${value} must be a plain value or {{ env:NAME }}`);
}

function localValue(variable: string, what: string, local: Environment): string {
  const value = local[variable];
  if (value !== undefined) return value;
  throw new FuncError('input', `${what}: the variable ${variable} is not set in this environment`);
}

/** `--env NAME=VALUE` sets and `--env NAME-` takes away, as func has it. */
export function editedEnv(entries: readonly Entry[], edits: readonly string[]): readonly Entry[] {
  const found = [...entries];
  for (const edit of edits) {
    const [, name = '', value] = /^([^=]+?)(?:-|=([\s\S]*))$/.exec(edit) ?? [];
    if (name === '') throw new FuncError('input', `--env ${edit}: write NAME=VALUE, or NAME- to take it away`);
    const at = found.findIndex((entry) => entry.name === name);
    if (value === undefined) {
      if (at >= 0) found.splice(at, 1);
    } else if (at >= 0) found[at] = { name, value };
    else found.push({ name, value });
  }
  return found;
}
