import { readFile } from 'node:fs/promises';
import type { ConnectionOptions } from 'node:tls';
import type { Clock } from '../../clock.ts';
import { messageOf } from '../../errors.ts';
import type { Credentials } from '../../operator/kube/credentials.ts';
import { CliError, EXIT } from '../exit.ts';
import { type ExecCredential, runPlugin } from './exec-credential.ts';
import type { Selected } from './kubeconfig.ts';

/** A plugin's token is asked for anew a little before it ends. */
const EARLY_MS = 10_000;

/** Of a kubeconfig's context. What rotates (token files, plugins) is asked anew. */
export class KubeconfigCredentials implements Credentials {
  readonly server: URL;
  readonly #selected: Selected;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #clock: Clock;
  #plugin: Promise<ExecCredential> | undefined;
  #expiresMs: number | undefined;
  #tls: ConnectionOptions | undefined;

  /** `headers`: of every request beside the credentials, such as those of --as. */
  constructor(selected: Selected, headers: Readonly<Record<string, string>>, clock: Clock) {
    const { cluster, user, context } = selected;
    if (cluster['proxy-url'] !== undefined) {
      throw unsupported(`context ${context} asks for the proxy ${cluster['proxy-url']}, which kwasm cannot use`);
    }
    if (user['auth-provider'] && !user.exec && user.token === undefined) {
      const { name } = user['auth-provider'];
      throw unsupported(
        `context ${context} uses the auth provider ${name}, which kubectl has given up, too: use a credential plugin`,
      );
    }
    this.server = serverUrl(cluster.server, context);
    this.#selected = selected;
    this.#headers = headers;
    this.#clock = clock;
  }

  async headers(): Promise<Readonly<Record<string, string>>> {
    const authorization = await this.#authorization();
    return authorization === undefined ? this.#headers : { ...this.#headers, authorization };
  }

  async tls(): Promise<ConnectionOptions> {
    const { cluster, user } = this.#selected;
    const fromPlugin = user.exec ? (await this.#credential()).certificate : undefined;
    if (this.#tls !== undefined && fromPlugin === undefined) return this.#tls;
    const ca = await material(cluster['certificate-authority-data'], cluster['certificate-authority']);
    const cert = fromPlugin?.cert ?? (await material(user['client-certificate-data'], user['client-certificate']));
    const key = fromPlugin?.key ?? (await material(user['client-key-data'], user['client-key']));
    const options: ConnectionOptions = {
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
      ...(cluster['tls-server-name'] === undefined ? {} : { servername: cluster['tls-server-name'] }),
      ...(cluster['insecure-skip-tls-verify'] === true ? { rejectUnauthorized: false } : {}),
    };
    if (this.#tls === undefined || JSON.stringify(options) !== JSON.stringify(this.#tls)) this.#tls = options;
    return this.#tls;
  }

  forget(): void {
    this.#plugin = undefined;
  }

  async #authorization(): Promise<string | undefined> {
    const { token, tokenFile, username, password, exec } = this.#selected.user;
    if (tokenFile !== undefined) return `Bearer ${(await readMaterial(tokenFile)).trim()}`;
    if (token !== undefined && token !== '') return `Bearer ${token}`;
    if (username !== undefined && username !== '') {
      return `Basic ${Buffer.from(`${username}:${password ?? ''}`).toString('base64')}`;
    }
    if (!exec) return undefined;
    const given = (await this.#credential()).token;
    return given === undefined ? undefined : `Bearer ${given}`;
  }

  async #credential(): Promise<ExecCredential> {
    const { user, cluster } = this.#selected;
    if (!user.exec) return { token: undefined, certificate: undefined, expiresMs: undefined };
    if (this.#expiresMs !== undefined && this.#clock.nowMs() > this.#expiresMs - EARLY_MS) this.#plugin = undefined;
    this.#plugin ??= runPlugin(user.exec, cluster);
    const credential = await this.#plugin;
    this.#expiresMs = credential.expiresMs;
    return credential;
  }
}

/** Data goes before a path, as with kubectl. */
async function material(data: string | undefined, path: string | undefined): Promise<string | undefined> {
  if (data !== undefined && data !== '') return Buffer.from(data, 'base64').toString('utf8');
  return path === undefined || path === '' ? undefined : await readMaterial(path);
}

async function readMaterial(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new CliError(`a file that the kubeconfig names cannot be read: ${messageOf(error)}`, {
      exitCode: EXIT.forbidden,
      cause: error,
    });
  }
}

function serverUrl(server: string, context: string): URL {
  const withScheme = /^https?:\/\//.test(server) ? server : `https://${server}`;
  if (URL.canParse(withScheme)) return new URL(withScheme);
  throw unsupported(`the server of context ${context}, ${server}, is no address`);
}

function unsupported(message: string): CliError {
  return new CliError(message, { exitCode: EXIT.usage });
}
