import * as z from 'zod';
import { CANARY_DEFAULTS, CANARY_HANDLER } from './decide/canary-policy.ts';

/** The `canary` part of the configuration file. */

const quantity = z.union([z.string(), z.number()]).transform(String);
const quantities = z.record(z.string(), quantity).optional();
const handler = z
  .string()
  .max(63)
  .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, 'must be a valid handler name');

/** One image, for the handler of our own installer, or one for each handler. */
const images = z
  .union([z.string(), z.record(handler, z.string().min(1))])
  .transform((given) => (typeof given !== 'string' ? given : given === '' ? {} : { [CANARY_HANDLER]: given }));

export const canarySchema = z
  .strictObject({
    image: images.nullable().default(null),
    deadlineSeconds: z.number().int().min(10).max(3600).default(CANARY_DEFAULTS.deadlineSeconds),
    resources: z.strictObject({ limits: quantities, requests: quantities }).default({}),
  })
  .prefault({})
  .transform(({ image, deadlineSeconds, resources }) => ({
    images: image ?? {},
    deadlineSeconds,
    resources: Object.keys(resources).length > 0 ? resources : CANARY_DEFAULTS.resources,
  }));
