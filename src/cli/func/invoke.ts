import { findFunction } from '../../func/deploy/find.ts';
import { proxyPath, serviceAddress } from '../../func/deploy/service-proxy.ts';
import { BODY_BYTES_MAX, headerOf, type Invocation, type Invoked, invokeFunction } from '../../func/invoke.ts';
import { notedInstances } from '../../func/run/instances.ts';
import { InClusterCredentials } from '../../operator/kube/credentials.ts';
import { CliError, EXIT } from '../exit.ts';
import { readGiven } from '../given-file.ts';
import type { Client } from '../kube/client.ts';
import { withFunctionCluster } from './cluster.ts';
import { type FunctionFlags, targetOf } from './target.ts';

export interface InvokeFlags extends FunctionFlags {
  readonly target?: string;
  readonly requestPath: string;
  readonly requestType?: string;
  readonly data?: string;
  readonly file?: string;
  readonly contentType?: string;
  readonly header: readonly string[];
  readonly timeout: number;
}

type Answer = Pick<Invoked, 'url' | 'status' | 'statusText' | 'body'>;

export async function invoke(name: string | undefined, flags: InvokeFlags): Promise<void> {
  const target = flags.target ?? (await usualTarget(name, flags.path));
  const { requestPath: path, requestType: method, contentType, header: headers, timeout: timeoutMs } = flags;
  const invocation = { target, method, path, data: await dataOf(flags), contentType, headers, timeoutMs };
  const answer =
    target === 'remote' ? await remote(name, flags, invocation) : await invokeFunction(flags.path, invocation);
  process.stdout.write(answer.body);
  if (answer.status < 400) return;
  throw new CliError(`${answer.url} answered ${answer.status} ${answer.statusText}`.trimEnd());
}

/** As func has it: the one that runs here, else the one that is deployed. */
async function usualTarget(name: string | undefined, folder: string): Promise<'local' | 'remote'> {
  if (name !== undefined) return 'remote';
  if ((await notedInstances(folder)).length > 0) return 'local';
  console.error('it does not run here (kwasm func run starts it), so the one in the cluster is asked');
  return 'remote';
}

async function dataOf({ data, file }: InvokeFlags): Promise<Buffer | undefined> {
  if (data !== undefined && file !== undefined) {
    throw new CliError('--data and --file are two bodies; name one', { exitCode: EXIT.usage });
  }
  if (file === undefined) return data === undefined ? undefined : Buffer.from(data);
  return await readGiven(file);
}

/** By the address in its status. One of the cluster's own is known outside to nobody but the API server. */
async function remote(name: string | undefined, flags: InvokeFlags, invocation: Invocation): Promise<Answer> {
  return await withFunctionCluster(flags, async (cluster, client) => {
    const target = await targetOf(name, flags, client);
    const { view } = await findFunction(target.namespace, target.name, cluster);
    if (view.url === undefined) {
      const why = [view.reason, view.message].filter(Boolean).join(': ');
      throw new CliError(`${view.name} has no URL yet (${why})`, { exitCode: EXIT.unready });
    }
    const service = serviceAddress(new URL(view.url));
    if (service === undefined || client.credentials instanceof InClusterCredentials) {
      return await invokeFunction(flags.path, { ...invocation, target: view.url });
    }
    const url = new URL(invocation.path, view.url);
    return await proxied(url, proxyPath(service, url.pathname), invocation, client);
  });
}

async function proxied(url: URL, path: string, invocation: Invocation, client: Client): Promise<Answer> {
  const { method, data, contentType, headers: given, timeoutMs } = invocation;
  const type = contentType === undefined ? [] : [['content-type', contentType] as [string, string]];
  const headers = Object.fromEntries(new Headers([...given.map(headerOf), ...type]));
  if (headers['authorization'] !== undefined) {
    throw new CliError(
      `-H authorization: ${url.host} is reached through the API server, whose own login takes its place; kubectl port-forward and --target URL pass it on`,
      { exitCode: EXIT.usage },
    );
  }
  const call = {
    method: (method ?? (data === undefined ? 'GET' : 'POST')).toUpperCase(),
    path,
    search: url.search,
    headers,
    body: data,
  };
  const answer = await client.proxied(`ask ${url.href}`, call, AbortSignal.timeout(timeoutMs));
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of answer.body) {
    size += part.length;
    if (size > BODY_BYTES_MAX) throw new CliError(`${url.href}: the answer has more than ${BODY_BYTES_MAX} bytes`);
    parts.push(part);
  }
  return { url: url.href, status: answer.status, statusText: '', body: Buffer.concat(parts) };
}
