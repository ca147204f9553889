import * as z from 'zod';
import { parsePattern } from '../guest-network.ts';
import { parseQuantity } from '../quantity.ts';
import { BUILDERS, DEPLOYERS } from './compatibility.ts';
import { ENV_FORMS, envSource } from './env.ts';
import { BUILT_RUNTIMES } from './runtimes.ts';

/**
 * The keys of func.yaml that are read here, as func's schema names them, with those that its WASI support adds (run.args, deploy.network). What is not
 * named here is left alone.
 * https://github.com/knative/func/blob/main/schema/func_yaml-schema.json
 */
const NAME = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

const text = z.string();
const name = text.regex(
  NAME,
  'a name has small letters, digits and -, begins and ends with one of the first two, and is at most 63 long',
);
const quantity = z
  .union([text, z.number()])
  .transform(String)
  .refine((value) => parseQuantity(value) !== undefined, 'it must be a quantity, such as 500m, 128Mi or 1.5Gi');
const pattern = text.refine(
  (value) => parsePattern(value) !== undefined,
  'it must be host:port, where either part may be *',
);
const patterns = z.array(pattern).readonly().default([]);
const map = z.record(text, text).readonly().default({});
/** func writes `registry: ""` for what is not set. */
const unset = z.literal('').transform(() => undefined);

const oneOf = <T extends string>(names: readonly [T, ...T[]]) =>
  z.union([unset, z.enum(names)], `it must be one of ${names.join(', ')}`).optional();

const env = z
  .object({
    name: text.regex(/^[-._a-zA-Z][-._a-zA-Z0-9]*$/, 'it is no name of a variable').optional(),
    value: text.optional(),
  })
  .readonly()
  .refine((it) => envSource(it) !== undefined, `it must be ${ENV_FORMS}`);

const volume = z
  .object({
    path: text.startsWith('/', 'it must be an absolute path').optional(),
    secret: text.optional(),
    configMap: text.optional(),
    persistentVolumeClaim: z.object({ claimName: text, readOnly: z.boolean().optional() }).readonly().optional(),
    emptyDir: z.object({ medium: text.optional(), sizeLimit: text.optional() }).readonly().optional(),
  })
  .readonly()
  .refine(
    (it) =>
      [it.secret, it.configMap, it.persistentVolumeClaim, it.emptyDir].filter((one) => one !== undefined).length === 1,
    'it must have one of secret, configMap, persistentVolumeClaim and emptyDir',
  );

const network = z
  .object({
    inherit: z.boolean().default(false),
    allowIpNameLookup: z.boolean().default(true),
    tcp: z.object({ bind: patterns, connect: patterns }).readonly().prefault({}),
    udp: z.object({ bind: patterns, connect: patterns, outgoing: patterns }).readonly().prefault({}),
  })
  .readonly();

const resources = z
  .object({
    requests: z.object({ cpu: quantity.optional(), memory: quantity.optional() }).readonly().prefault({}),
    limits: z
      .object({ cpu: quantity.optional(), memory: quantity.optional(), concurrency: z.int().min(0).optional() })
      .readonly()
      .prefault({}),
  })
  .readonly();

const scale = z
  .object({
    min: z.int().min(0).optional(),
    max: z.int().min(0).optional(),
    metric: text.optional(),
    target: z.number().min(0).optional(),
    utilization: z.number().min(1).max(100).optional(),
  })
  .readonly();

const build = z
  .object({
    builder: oneOf(BUILDERS),
    builderImages: map,
    buildEnvs: z.array(env).readonly().default([]),
  })
  .readonly();

const run = z
  .object({
    envs: z.array(env).readonly().default([]),
    args: z.array(text).readonly().default([]),
    volumes: z.array(volume).readonly().default([]),
  })
  .readonly();

const deploy = z
  .object({
    namespace: z.union([unset, name]).optional(),
    image: z.union([unset, text]).optional(),
    deployer: oneOf(DEPLOYERS),
    serviceAccountName: text.optional(),
    annotations: map,
    labels: z
      .array(z.object({ key: text, value: text.optional() }).readonly())
      .readonly()
      .default([]),
    network: network.optional(),
    options: z
      .object({ scale: scale.prefault({}), resources: resources.prefault({}) })
      .readonly()
      .prefault({}),
  })
  .readonly();

export const functionShape = z
  .object({
    specVersion: text.optional(),
    name,
    runtime: text.min(1, `it must say what the function is written in: ${BUILT_RUNTIMES.join(', ')}`),
    namespace: z.union([unset, name]).optional(),
    registry: z.union([unset, text]).optional(),
    image: z.union([unset, text]).optional(),
    invoke: text.optional(),
    created: text,
    build: build.prefault({}),
    run: run.prefault({}),
    deploy: deploy.prefault({}),
  })
  .readonly();
