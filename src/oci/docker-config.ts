import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod';
import { messageOf, Terminal } from '../errors.ts';

export type Credential =
  | { readonly kind: 'basic'; readonly username: string; readonly password: string }
  | { readonly kind: 'identity'; readonly token: string }
  | { readonly kind: 'bearer'; readonly token: string };

/** undefined: nobody has logged in to it. */
export type Credentials = (registry: string, repository: string) => Promise<Credential | undefined>;

const configShape = z.looseObject({
  auths: z
    .record(
      z.string(),
      z.looseObject({
        auth: z.string().optional(),
        username: z.string().optional(),
        password: z.string().optional(),
        identitytoken: z.string().optional(),
        registrytoken: z.string().optional(),
      }),
    )
    .optional(),
  credsStore: z.string().optional(),
  credHelpers: z.record(z.string(), z.string()).optional(),
});
type DockerConfig = z.infer<typeof configShape>;

/** Docker's own file, and the programs it names: who can `docker pull` can pull here. */
export function dockerCredentials(env: NodeJS.ProcessEnv): Credentials {
  let config: Promise<DockerConfig> | undefined;
  return async (registry, repository) => {
    config ??= readConfig(configFile(env));
    return find(await config, { registry, repository }, env);
  };
}

function configFile(env: NodeJS.ProcessEnv): string {
  return join(env['DOCKER_CONFIG'] || join(env['HOME'] || homedir(), '.docker'), 'config.json');
}

async function readConfig(file: string): Promise<DockerConfig> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return '{}';
    throw new Terminal(`${file} cannot be read: ${error.message}`, { cause: error });
  });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new Terminal(`${file} is not JSON: ${messageOf(cause)}`, { cause });
  }
  const parsed = configShape.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new Terminal(`${file}: ${z.prettifyError(parsed.error)}`);
}

interface Place {
  readonly registry: string;
  readonly repository: string;
}

async function find(config: DockerConfig, place: Place, env: NodeJS.ProcessEnv): Promise<Credential | undefined> {
  const keys = keysOf(place.registry);
  for (const key of keys) {
    const helper = config.credHelpers?.[key];
    if (helper !== undefined) return fromHelper(helper, key, env);
  }
  const entries = Object.entries(config.auths ?? {}).filter(([key]) => isFor(key, place));
  for (const [, entry] of entries.sort(([a], [b]) => b.length - a.length)) {
    const found = fromEntry(entry);
    if (found !== undefined) return found;
  }
  if (config.credsStore === undefined) return undefined;
  for (const key of keys) {
    const found = await fromHelper(config.credsStore, key, env);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Whom helpers are asked for. */
function keysOf(registry: string): readonly string[] {
  if (registry === 'docker.io') return ['https://index.docker.io/v1/', 'index.docker.io', 'docker.io'];
  return [registry, `https://${registry}`, `https://${registry}/v1/`, `https://${registry}/v2/`];
}

/** As the kubelet reads a pull secret, and podman its file: HOST[:PORT][/PATH], where `*` stands for any part of the host's name between two dots. */
function isFor(key: string, { registry, repository }: Place): boolean {
  const [host = '', ...path] = key
    .replace(/^https?:\/\//, '')
    .split('/')
    .filter(Boolean);
  const ours = /^v[12]$/.test(path.join('/')) ? [] : path;
  if (!`${repository}/`.startsWith(ours.map((part) => `${part}/`).join(''))) return false;
  const wanted = /^(index|registry-1)\.docker\.io$/.test(host) ? 'docker.io' : host;
  const pattern = wanted.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '[^.:]*');
  return new RegExp(`^${pattern}$`).test(registry);
}

type Entry = NonNullable<DockerConfig['auths']>[string];

function fromEntry({ auth, username, password, identitytoken, registrytoken }: Entry): Credential | undefined {
  if (identitytoken) return { kind: 'identity', token: identitytoken };
  if (registrytoken) return { kind: 'bearer', token: registrytoken };
  if (auth) {
    const [name = '', ...rest] = Buffer.from(auth, 'base64').toString('utf8').split(':');
    return { kind: 'basic', username: name, password: rest.join(':').replace(/\0+$/, '') };
  }
  return username && password ? { kind: 'basic', username, password } : undefined;
}

const HELPER = /^[\w.-]+$/;
const HELPER_MS_MAX = 30_000;
const ANSWER_BYTES_MAX = 64 * 1024;
const answerShape = z.looseObject({ Username: z.string(), Secret: z.string() });

/** docker-credential-NAME get: the registry on stdin, JSON on stdout. */
async function fromHelper(helper: string, key: string, env: NodeJS.ProcessEnv): Promise<Credential | undefined> {
  const program = `docker-credential-${helper}`;
  if (!HELPER.test(helper))
    throw new Terminal(`Docker's config names a credential helper '${helper}', which is no name`);
  const { code, signal, stdout } = await run(program, key, env);
  if (signal !== null) {
    const why = `was ended, for it took longer than ${HELPER_MS_MAX / 1000} s or by somebody else (${signal})`;
    throw new Terminal(`${program} get (for ${key}) ${why}`);
  }
  // What the protocol prescribes for "no entry"; the registry is then asked without credentials.
  if (code !== 0 && /credentials not found/i.test(stdout)) return undefined;
  if (code !== 0) throw new Terminal(`${program} get (for ${key}) ended with ${code}: ${stdout.trim().slice(0, 200)}`);
  const answer = answerShape.safeParse(parse(stdout));
  if (!answer.success) throw new Terminal(`${program} get (for ${key}): its answer is not {"Username", "Secret"}`);
  const { Username, Secret } = answer.data;
  if (Username === '' && Secret === '') return undefined;
  return Username === '<token>'
    ? { kind: 'identity', token: Secret }
    : { kind: 'basic', username: Username, password: Secret };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
}

function run(program: string, input: string, env: NodeJS.ProcessEnv): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, ['get'], { env, stdio: ['pipe', 'pipe', 'ignore'], timeout: HELPER_MS_MAX });
    let stdout = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout = `${stdout}${text}`.slice(0, ANSWER_BYTES_MAX);
    });
    child.once('error', (cause) => reject(new Terminal(`${program} cannot be run: ${cause.message}`, { cause })));
    child.once('close', (code, signal) => resolve({ code, signal, stdout }));
    child.stdin.on('error', () => {}); // it may end without reading; its exit code tells
    child.stdin.end(input);
  });
}
