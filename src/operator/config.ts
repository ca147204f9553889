import { readFileSync } from 'node:fs';
import { load } from 'js-yaml';
import * as z from 'zod';
import { LONGEST_SWITCH_SECONDS } from '../contract.ts';
import { messageOf, Terminal } from '../errors.ts';
import { shimName } from '../shims/order.ts';
import { type GivenShim, resolveShim } from '../shims/resolve.ts';
import type { NamedShim } from '../shims/spec.ts';
import { canarySchema } from './canary-config.ts';
import type { Policy } from './decide/policy.ts';
import { UNINSTALL_POLICIES } from './decide/uninstall-policy.ts';
import { type Flags, parseFlags } from './flags.ts';
import { type ModulesPolicy, modulesSchema } from './modules-config.ts';
import { driftSchema, rolloutSchema } from './rollout-config.ts';

/** Everything that comes from outside: arguments, environment, the configuration file. Nothing else reads them. */
export interface Config {
  readonly policy: Policy;
  readonly modules: ModulesPolicy | undefined;
  readonly metricsAddress: Address | undefined;
  readonly healthAddress: Address | undefined;
  readonly debugAddress: Address | undefined;
  readonly logLevel: string;
  readonly leaderElect: boolean;
  readonly watchList: boolean;
  readonly connection: Connection;
  readonly version: string;
  /** What the environment said that a person should hear about. */
  readonly warnings: readonly string[];
}

export type Connection =
  | { readonly kind: 'inCluster'; readonly host: string; readonly port: string }
  | { readonly kind: 'kubeconfig'; readonly file: string | undefined };

export interface Address {
  readonly host: string | undefined;
  readonly port: number;
}

export type Environment = Readonly<Record<string, string | undefined>>;

const FLAGS = {
  config: 'string',
  kubeconfig: 'string',
  'metrics-bind-address': 'string',
  'health-probe-bind-address': 'string',
  'debug-bind-address': 'string',
  'leader-elect': 'boolean',
  'watch-list': 'boolean',
  'zap-devel': 'boolean',
  'zap-encoder': 'string',
  'zap-log-level': 'string',
  'zap-stacktrace-level': 'string',
  'zap-time-encoding': 'string',
} as const;

const CONFIG_FILE = '/etc/kwasm/config.yaml';

const quantity = z.union([z.string(), z.number()]).transform(String);
const toleration = z.strictObject({
  key: z.string().optional(),
  operator: z.enum(['Exists', 'Equal']).optional(),
  value: z.string().optional(),
  effect: z.enum(['NoSchedule', 'PreferNoSchedule', 'NoExecute']).optional(),
  tolerationSeconds: z.number().int().optional(),
});
const resources = z.strictObject({
  limits: z.record(z.string(), quantity).optional(),
  requests: z.record(z.string(), quantity).optional(),
});
/** valueFrom stays as it is written: the API server knows its shapes better than we do. */
const envVar = z.strictObject({
  name: z.string().min(1),
  value: z.string().optional(),
  valueFrom: z.record(z.string(), z.unknown()).optional(),
});
const dnsLabel = /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/;

const installer = z
  .strictObject({
    image: z.string().min(1),
    imagePullPolicy: z.enum(['Always', 'IfNotPresent', 'Never']).default('IfNotPresent'),
    imagePullSecrets: z.array(z.strictObject({ name: z.string().min(1) })).default([]),
    priorityClassName: z.string().default(''),
    tolerations: z.array(toleration).default([]),
    resources: resources.default({}),
    env: z.array(envVar).default([]),
    caConfigMap: z.string().default(''),
    mirror: z
      .string()
      .refine(
        (text) => text === '' || URL.parse(text)?.protocol === 'https:' || URL.parse(text)?.protocol === 'http:',
        {
          error: 'must be a URL: https://mirror.example.com/kwasm',
        },
      )
      .default(''),
    switchSeconds: z.union([z.literal(0), z.number().int().min(30).max(3600)]).default(0),
    deadlineSeconds: z.number().int().min(60).max(7200).default(900),
    attemptsMax: z.number().int().min(0).max(10).default(2),
    ttlSecondsAfterFinished: z.number().int().min(60).default(3600),
  })
  .refine(({ deadlineSeconds, switchSeconds }) => deadlineSeconds > (switchSeconds || LONGEST_SWITCH_SECONDS), {
    path: ['deadlineSeconds'],
    error: "must be greater than switchSeconds, so that a retry of the Job can read the host's own decision",
  });

const schema = z.strictObject({
  mode: z.enum(['jobs', 'daemonset']).default('jobs'),
  installer,
  runtimeClasses: z
    .array(
      z.strictObject({
        name: z.string().regex(dnsLabel, 'must be a valid object name'),
        handler: z.string().max(63).regex(dnsLabel, 'must be a valid handler name'),
      }),
    )
    .refine((classes) => new Set(classes.map(({ name }) => name)).size === classes.length, 'names must differ')
    .default([]),
  /** Names of the catalogue, or definitions: checked one by one when they are resolved. */
  shims: z.array(z.union([z.string(), z.looseObject({ name: shimName })])).default(['wasmtime']),
  uninstall: z
    .strictObject({
      policy: z.enum(UNINSTALL_POLICIES).default('Block'),
      perNode: z.boolean().default(false),
      timeoutSeconds: z.number().int().min(30).max(86_400).default(900),
    })
    .prefault({}),
  rollout: rolloutSchema,
  drift: driftSchema,
  canary: canarySchema,
  wasmModules: modulesSchema,
  startupTaint: z.string().default(''),
});

export function readConfig(args: readonly string[], env: Environment): Config {
  const flags = parseFlags(args, FLAGS);
  const namespace = env['CONTROLLER_NAMESPACE'];
  if (namespace === undefined || namespace === '') {
    throw new Terminal('CONTROLLER_NAMESPACE is not set: it names the namespace the Jobs are made in');
  }
  const { wasmModules, ...file } = parseFile(flags.get('config') ?? CONFIG_FILE);
  const installImage = env['INSTALLER_IMAGE'] || file.installer.image;
  if (file.mode === 'daemonset' && installImage !== file.installer.image) {
    throw new Terminal(`mode daemonset runs our own installer only: INSTALLER_IMAGE is ${installImage}; use mode jobs`);
  }
  // Outside JSON becomes ours here: what is undefined in it is absent, which the models want.
  const policy = JSON.parse(
    JSON.stringify({
      ...file,
      namespace,
      ownNode: env['KWASM_NODE_NAME'] || undefined,
      autoProvision: env['AUTO_PROVISION_NODES']?.toLowerCase() === 'true',
      installer: { ...file.installer, installImage },
      shims: resolveAll(file.shims),
    }),
  ) as Policy;
  return {
    policy,
    modules: wasmModules,
    metricsAddress: address(flags, 'metrics-bind-address', ':8080'),
    healthAddress: address(flags, 'health-probe-bind-address', ':8081'),
    debugAddress: address(flags, 'debug-bind-address', '127.0.0.1:8082'),
    logLevel: logLevel(flags),
    leaderElect: flags.get('leader-elect') === 'true',
    watchList: flags.get('watch-list') !== 'false',
    connection: connection(flags, env),
    version: env['KWASM_VERSION'] ?? 'dev',
    warnings: archivedImage(installImage),
  };
}

function parseFile(path: string): z.infer<typeof schema> {
  let data: unknown;
  try {
    data = load(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new Terminal(`configuration file ${path}: ${messageOf(error)}; --config names another one`, { cause: error });
  }
  const parsed = schema.safeParse(data);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path: at, message }) => `${at.join('.') || '(top)'}: ${message}`);
  throw new Terminal(`configuration file ${path}: ${problems.join('; ')}`);
}

function resolveAll(given: readonly GivenShim[]): readonly NamedShim[] {
  const shims = given.map((one) => resolveShim(one));
  const names = shims.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new Terminal(`shims: ${twice} is named twice`);
  return shims;
}

function connection(flags: Flags, env: Environment): Connection {
  const file = flags.get('kubeconfig') ?? env['KUBECONFIG'];
  if (file !== undefined && file !== '') return { kind: 'kubeconfig', file };
  const host = env['KUBERNETES_SERVICE_HOST'];
  const port = env['KUBERNETES_SERVICE_PORT'];
  return host && port ? { kind: 'inCluster', host, port } : { kind: 'kubeconfig', file: undefined };
}

/** `:8080`, `127.0.0.1:8080`, `[::1]:8080`; `0` switches it off, as in controller-runtime. */
function address(flags: Flags, name: string, otherwise: string): Address | undefined {
  const text = flags.get(name) ?? otherwise;
  if (text === '0') return undefined;
  const match = /^(?:\[([^\]]+)\]|([^:]*)):(\d+)$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) throw new Terminal(`--${name} is host:port or :port, not ${text}`);
  return { host: match[1] ?? (match[2] || undefined), port };
}

/** zap's levels; a number is its verbosity. */
function logLevel(flags: Flags): string {
  const level = flags.get('zap-log-level');
  if (level === undefined) return flags.get('zap-devel') === 'true' ? 'debug' : 'info';
  if (['debug', 'info', 'error'].includes(level)) return level;
  if (level === 'panic') return 'error';
  if (/^[1-9]\d*$/.test(level)) return 'debug';
  throw new Terminal(`--zap-log-level is debug, info, error, panic or a number from 1, not ${level}`);
}

/** KWasm's own installer is archived. It runs like any other third-party image, but nobody mends it. */
const ARCHIVED = /^ghcr\.io\/kwasm\/kwasm-node-installer(?=[:@]|$)/;

function archivedImage(image: string): readonly string[] {
  if (!ARCHIVED.test(image)) return [];
  return [
    `INSTALLER_IMAGE is ${image}, the archived KWasm installer: it is treated as a third-party image and guarded. ` +
      "Leave INSTALLER_IMAGE unset to use the operator's own.",
  ];
}
