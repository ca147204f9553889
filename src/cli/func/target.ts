import { readFunctionFile } from '../../func/function-file.ts';
import type { ClusterFlags } from '../cluster-flags.ts';
import { CliError, EXIT } from '../exit.ts';
import type { Client } from '../kube/client.ts';

export interface FunctionFlags extends ClusterFlags {
  readonly path: string;
}
export interface ShowFlags extends FunctionFlags {
  readonly output: 'human' | 'json' | 'yaml' | 'url';
}
export interface LogFlags extends FunctionFlags {
  readonly follow?: true;
  readonly tail?: number;
  /** In milliseconds. */
  readonly since?: number;
}

export interface Target {
  readonly name: string;
  readonly namespace: string;
}

const NAMESPACE_DEFAULT = 'default';

/** By name, or the function of the directory. */
export async function targetOf(name: string | undefined, flags: FunctionFlags, client: Client): Promise<Target> {
  const otherwise = client.namespace ?? NAMESPACE_DEFAULT;
  if (name !== undefined) return { name: checked(name), namespace: flags.namespace ?? otherwise };
  const { name: own, namespace, deploy } = await readFunctionFile(flags.path);
  return { name: own, namespace: flags.namespace ?? deploy.namespace ?? namespace ?? otherwise };
}

export function contextNamespace({ namespace }: ClusterFlags, client: Client): string {
  return namespace ?? client.namespace ?? NAMESPACE_DEFAULT;
}

/** It becomes part of a path. */
function checked(name: string): string {
  if (/^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/.test(name)) return name;
  throw new CliError(`'${name}' is no name of a function`, { exitCode: EXIT.usage });
}
