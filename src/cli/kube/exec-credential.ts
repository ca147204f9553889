import { spawn } from 'node:child_process';
import { once } from 'node:events';
import * as z from 'zod';
import { messageOf } from '../../errors.ts';
import { CliError, EXIT } from '../exit.ts';
import type { Cluster, ExecPlugin } from './kubeconfig.ts';

/** What a credential plugin answers (https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins). */
export interface ExecCredential {
  readonly token: string | undefined;
  readonly certificate: { readonly cert: string; readonly key: string } | undefined;
  /** undefined: for as long as this program runs. */
  readonly expiresMs: number | undefined;
}

/** Somebody may have to type a one-time password in a browser. */
const DEADLINE_MS = 120_000;
const OUTPUT_BYTES_MAX = 1024 * 1024;

const schema = z.object({
  kind: z.literal('ExecCredential'),
  status: z.object({
    token: z.string().optional(),
    clientCertificateData: z.string().optional(),
    clientKeyData: z.string().optional(),
    expirationTimestamp: z.string().nullish(),
  }),
});

export async function runPlugin(plugin: ExecPlugin, cluster: Cluster): Promise<ExecCredential> {
  const { command, args, env, installHint } = plugin;
  const own = Object.fromEntries((env ?? []).map(({ name, value }) => [name, value]));
  const mode = plugin.interactiveMode ?? 'IfAvailable';
  const interactive = process.stdin.isTTY === true && mode !== 'Never';
  const failed = (why: string, cause?: unknown) =>
    new CliError(`the kubeconfig's credential plugin ${command} ${why}`, { exitCode: EXIT.forbidden, cause });
  if (mode === 'Always' && !interactive) throw failed('wants to talk to a person, and stdin is no terminal');
  const child = spawn(command, [...(args ?? [])], {
    env: { ...process.env, ...own, KUBERNETES_EXEC_INFO: JSON.stringify(execInfo(plugin, cluster, interactive)) },
    timeout: DEADLINE_MS,
    // A person may have to be told where to log in.
    stdio: [interactive ? 'inherit' : 'ignore', 'pipe', 'inherit'],
  });
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    if (stdout.length <= OUTPUT_BYTES_MAX) return;
    child.stdout.destroy();
    child.kill('SIGKILL');
  });
  // What it has started may hold the pipe when it is ended itself.
  child.once('exit', (_, by) => by !== null && child.stdout.destroy());
  const [code, signal] = await (once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>).catch(
    (error: unknown) => {
      const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
      const hint = installHint ? `. ${installHint.trim()}` : '';
      throw failed(missing ? `is not there, or not on PATH${hint}` : `cannot be run: ${messageOf(error)}`, error);
    },
  );
  if (stdout.length > OUTPUT_BYTES_MAX) throw failed(`prints more than ${OUTPUT_BYTES_MAX} bytes`);
  if (signal !== null) throw failed(`was ended (${signal}); it has ${DEADLINE_MS / 1000} s`);
  if (code !== 0) throw failed(`ended with ${code}; its own words are above`);
  return parseCredential(command, stdout);
}

export function parseCredential(command: string, stdout: string): ExecCredential {
  let data: unknown;
  try {
    data = JSON.parse(stdout);
  } catch (cause) {
    // Its output may hold a token, so it is not quoted.
    throw new CliError(`the credential plugin ${command} did not print JSON`, { exitCode: EXIT.forbidden, cause });
  }
  const parsed = schema.safeParse(data);
  if (!parsed.success) {
    throw new CliError(`the credential plugin ${command} did not print an ExecCredential with a status`, {
      exitCode: EXIT.forbidden,
    });
  }
  const { token, clientCertificateData: cert, clientKeyData: key, expirationTimestamp } = parsed.data.status;
  const expiresMs = expirationTimestamp ? Date.parse(expirationTimestamp) : undefined;
  return {
    token,
    certificate: cert !== undefined && key !== undefined ? { cert, key } : undefined,
    expiresMs: Number.isFinite(expiresMs) ? expiresMs : undefined,
  };
}

function execInfo({ apiVersion, provideClusterInfo }: ExecPlugin, cluster: Cluster, interactive: boolean): object {
  const told = {
    server: cluster.server,
    'tls-server-name': cluster['tls-server-name'],
    'insecure-skip-tls-verify': cluster['insecure-skip-tls-verify'],
    'certificate-authority-data': cluster['certificate-authority-data'],
  };
  const spec = { interactive, ...(provideClusterInfo === true ? { cluster: told } : {}) };
  return { apiVersion, kind: 'ExecCredential', spec };
}
