import { isAbsolute, join, resolve } from 'node:path';
import { load } from 'js-yaml';
import * as z from 'zod';
import { messageOf } from '../../errors.ts';
import { CliError, EXIT } from '../exit.ts';

/**
 * kubeconfig files as kubectl reads them (https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/):
 * several are one, and the first that says something wins. client-node knows them, too, but is 5 MB of code to be loaded
 * by a command that has to answer at once.
 */

const text = z.string().optional();
const cluster = z.object({
  server: z.string(),
  'certificate-authority': text,
  'certificate-authority-data': text,
  'insecure-skip-tls-verify': z.boolean().optional(),
  'tls-server-name': text,
  'proxy-url': text,
});
const exec = z.object({
  apiVersion: z.string(),
  command: z.string(),
  args: z.array(z.string()).nullish(),
  env: z.array(z.object({ name: z.string(), value: z.string() })).nullish(),
  installHint: text,
  interactiveMode: text,
  provideClusterInfo: z.boolean().optional(),
});
const user = z.object({
  'client-certificate': text,
  'client-certificate-data': text,
  'client-key': text,
  'client-key-data': text,
  token: text,
  tokenFile: text,
  username: text,
  password: text,
  exec: exec.nullish(),
  'auth-provider': z.object({ name: z.string() }).nullish(),
});
const context = z.object({ cluster: z.string(), user: z.string().optional(), namespace: text });
const named = <T extends z.ZodType, K extends string>(key: K, value: T) =>
  z
    .array(z.object({ name: z.string(), [key]: value } as { name: z.ZodString } & Record<K, T>))
    .nullish()
    .transform((list) => list ?? []);
const schema = z.object({
  'current-context': text,
  clusters: named('cluster', cluster),
  users: named('user', user.default({})),
  contexts: named('context', context),
});

export type Cluster = z.infer<typeof cluster>;
export type User = z.infer<typeof user>;
export type ExecPlugin = z.infer<typeof exec>;

/** One file's content, and the directory that its relative paths start from. */
export interface KubeconfigFile {
  readonly path: string;
  readonly directory: string;
  readonly text: string;
}

/** Who is spoken to, and as whom; paths are absolute. */
export interface Selected {
  readonly context: string;
  readonly cluster: Cluster;
  readonly user: User;
  readonly namespace: string | undefined;
}

export function selectContext(files: readonly KubeconfigFile[], wanted: string | undefined): Selected {
  const parsed = files.map((file) => ({ file, config: parse(file) }));
  const name = wanted ?? parsed.map(({ config }) => config['current-context']).find(Boolean);
  const where = files.map(({ path }) => path).join(', ');
  if (name === undefined) {
    throw usage(
      `${where} has no current context: name one with --context, or set it with \`kubectl config use-context\``,
    );
  }
  const contexts = parsed.flatMap(({ config }) => config.contexts);
  const found = contexts.find((one) => one.name === name)?.context;
  if (found === undefined) {
    const known = contexts.map((one) => one.name).join(', ') || 'none';
    throw usage(`${where} has no context ${name}; there are: ${known}`);
  }
  const clusters = parsed.flatMap(({ file, config }) =>
    config.clusters.map((one) => ({ name: one.name, value: absolute(one.cluster, CLUSTER_PATHS, file.directory) })),
  );
  const users = parsed.flatMap(({ file, config }) =>
    config.users.map(({ name: its, user: one }) => ({ name: its, value: absoluteUser(one, file.directory) })),
  );
  const server = clusters.find((one) => one.name === found.cluster)?.value;
  if (server === undefined)
    throw usage(`${where}: context ${name} names the cluster ${found.cluster}, which is not there`);
  const as = found.user === undefined || found.user === '' ? {} : users.find((one) => one.name === found.user)?.value;
  if (as === undefined) throw usage(`${where}: context ${name} names the user ${found.user}, which is not there`);
  return { context: name, cluster: server, user: as, namespace: found.namespace || undefined };
}

export function contextsOf(files: readonly KubeconfigFile[]): readonly string[] {
  return files.flatMap((file) => parse(file).contexts.map(({ name }) => name));
}

const CLUSTER_PATHS = ['certificate-authority'] as const;
const USER_PATHS = ['client-certificate', 'client-key', 'tokenFile'] as const;

function absolute<T extends Readonly<Record<string, unknown>>>(object: T, keys: readonly (keyof T)[], from: string): T {
  const changed = keys.flatMap((key) => {
    const path = object[key];
    return typeof path === 'string' && path !== '' && !isAbsolute(path) ? [[key, join(from, path)] as const] : [];
  });
  return { ...object, ...Object.fromEntries(changed) };
}

/** A plugin named by a path is beside the kubeconfig; one named by a word is on $PATH. */
function absoluteUser(user: User, from: string): User {
  const { exec: plugin, ...rest } = absolute(user, USER_PATHS, from);
  if (!plugin) return rest;
  const isPath = plugin.command.includes('/') && !isAbsolute(plugin.command);
  return { ...rest, exec: isPath ? { ...plugin, command: resolve(from, plugin.command) } : plugin };
}

/** A key without a value is as one that is not there, as Go reads it. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([, its]) => its !== null);
  return Object.fromEntries(kept.map(([key, its]) => [key, withoutNulls(its)]));
}

function parse({ path, text: content }: KubeconfigFile): z.infer<typeof schema> {
  let data: unknown;
  try {
    data = load(content) ?? {};
  } catch (error) {
    throw usage(`${path} is not YAML: ${messageOf(error)}`);
  }
  const parsed = schema.safeParse(withoutNulls(data));
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path: at, message }) => `${at.join('.') || '(top)'}: ${message}`);
  throw usage(`${path} is no kubeconfig: ${problems.join('; ')}`);
}

function usage(message: string): CliError {
  return new CliError(message, { exitCode: EXIT.usage });
}
