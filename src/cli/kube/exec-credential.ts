import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
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
  let stdout: string;
  try {
    const done = await promisify(execFile)(command, [...(args ?? [])], {
      env: { ...process.env, ...own, KUBERNETES_EXEC_INFO: JSON.stringify(execInfo(plugin, cluster)) },
      timeout: DEADLINE_MS,
      maxBuffer: OUTPUT_BYTES_MAX,
    });
    stdout = done.stdout;
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    const why = missing
      ? `is not on PATH${installHint ? `. ${installHint.trim()}` : ''}`
      : `failed: ${messageOf(error)}`;
    throw new CliError(`the kubeconfig's credential plugin ${command} ${why}`, {
      exitCode: EXIT.forbidden,
      cause: error,
    });
  }
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

function execInfo({ apiVersion, provideClusterInfo }: ExecPlugin, cluster: Cluster): object {
  const told = {
    server: cluster.server,
    'tls-server-name': cluster['tls-server-name'],
    'insecure-skip-tls-verify': cluster['insecure-skip-tls-verify'],
    'certificate-authority-data': cluster['certificate-authority-data'],
  };
  const spec = { interactive: false, ...(provideClusterInfo === true ? { cluster: told } : {}) };
  return { apiVersion, kind: 'ExecCredential', spec };
}
