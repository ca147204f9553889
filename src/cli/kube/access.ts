import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { systemClock } from '../../clock.ts';
import {
  type Credentials,
  InClusterCredentials,
  inClusterServer,
  SERVICE_ACCOUNT_DIR,
} from '../../operator/kube/credentials.ts';
import type { ClusterFlags } from '../cluster-flags.ts';
import { CliError, EXIT } from '../exit.ts';
import { unreadable } from '../given-file.ts';
import { KubeconfigCredentials } from './credentials.ts';
import { contextsOf, type KubeconfigFile, selectContext } from './kubeconfig.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Where to, as whom, and how people call it. */
export interface Access {
  readonly credentials: Credentials;
  /** For messages: `context kind-a (https://...)`. */
  readonly name: string;
  /** What the context, or the pod's service account, works in unless told otherwise. */
  readonly namespace: string | undefined;
}

/** --kubeconfig, $KUBECONFIG, ~/.kube/config, then the service account of the pod we run in: kubectl's order. */
export function openAccess(flags: ClusterFlags, env: Environment): Access {
  const headers = impersonation(flags);
  const files = readFiles(flags, env);
  if (files.length > 0) {
    const selected = selectContext(files, flags.context);
    const credentials = new KubeconfigCredentials(selected, headers, systemClock);
    const name = `context ${selected.context} (${credentials.server.origin})`;
    return { credentials, name, namespace: selected.namespace };
  }
  const host = env['KUBERNETES_SERVICE_HOST'];
  const port = env['KUBERNETES_SERVICE_PORT'];
  if (host && port && existsSync(join(SERVICE_ACCOUNT_DIR, 'token'))) {
    const credentials = new InClusterCredentials(inClusterServer(host, port), systemClock);
    const namespace = readFileSync(join(SERVICE_ACCOUNT_DIR, 'namespace'), 'utf8').trim();
    return { credentials, name: `this pod's cluster (${credentials.server.origin})`, namespace };
  }
  const { paths, from } = namedFiles(env);
  throw new CliError(
    `there is no kubeconfig: nothing is at ${paths.join(', ')}${from}. Set $KUBECONFIG, or name the file with --kubeconfig`,
    { exitCode: EXIT.usage },
  );
}

export function contextNames(flags: ClusterFlags, env: Environment): readonly string[] {
  return contextsOf(readFiles(flags, env));
}

function readFiles({ kubeconfig }: ClusterFlags, env: Environment): readonly KubeconfigFile[] {
  if (kubeconfig !== undefined) return [readOne(kubeconfig)];
  return namedFiles(env)
    .paths.filter((path) => existsSync(path))
    .map(readOne);
}

function namedFiles(env: Environment): { readonly paths: readonly string[]; readonly from: string } {
  const listed = (env['KUBECONFIG'] ?? '').split(delimiter).filter(Boolean);
  if (listed.length > 0) return { paths: listed, from: ' ($KUBECONFIG)' };
  return { paths: [join(homedir(), '.kube', 'config')], from: '' };
}

function readOne(path: string): KubeconfigFile {
  try {
    return { path, directory: dirname(path), text: readFileSync(path, 'utf8') };
  } catch (error) {
    throw unreadable(`the kubeconfig ${path}`, error);
  }
}

function impersonation({ as, asGroup }: ClusterFlags): Readonly<Record<string, string>> {
  if (as === undefined) {
    if (asGroup !== undefined) throw new CliError('--as-group needs --as', { exitCode: EXIT.usage });
    return {};
  }
  // Several groups would be several headers of one name, which a record cannot hold.
  if ((asGroup?.length ?? 0) > 1) throw new CliError('only one --as-group is supported', { exitCode: EXIT.usage });
  const [group] = asGroup ?? [];
  return { 'impersonate-user': as, ...(group === undefined ? {} : { 'impersonate-group': group }) };
}
