import * as z from 'zod';
import { ROLLOUT_DEFAULTS } from './decide/rollout/policy.ts';
import { DAYS, isOpen } from './decide/rollout/window.ts';

/** The `rollout` part of the configuration file. */

const amount = z.union([
  z.number().int().min(1),
  z
    .templateLiteral([z.number(), '%'])
    .refine(
      (text) => Number.parseFloat(text) > 0 && Number.parseFloat(text) <= 100,
      'must be more than 0% and at most 100%',
    ),
]);

const time = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$|^24:00$/, 'must be a time as HH:MM, in quotes');

const window = z.strictObject({
  days: z.array(z.enum(DAYS)).default([]),
  from: time,
  to: time,
  timezone: z
    .string()
    .default('UTC')
    .refine(isTimezone, 'must be a name of the IANA time zones, such as Europe/Berlin'),
});

const pool = z.strictObject({
  name: z.string().min(1),
  nodeSelector: z
    .record(z.string(), z.string())
    .refine((labels) => Object.keys(labels).length > 0, 'must name at least one label'),
  paused: z.boolean().default(false),
  maxUnavailable: amount.nullable().default(null),
  windows: z.array(window).nullable().default(null),
});

export const rolloutSchema = z
  .strictObject({
    maxUnavailable: amount.default(ROLLOUT_DEFAULTS.maxUnavailable),
    maxUnavailablePerZone: amount.default(ROLLOUT_DEFAULTS.maxUnavailablePerZone),
    maxParallel: z.number().int().min(1).nullable().default(ROLLOUT_DEFAULTS.maxParallel),
    canary: z.boolean().default(ROLLOUT_DEFAULTS.canary),
    soakSeconds: z.number().int().min(0).max(86_400).default(ROLLOUT_DEFAULTS.soakSeconds),
    maxFailures: z.number().int().min(1).default(ROLLOUT_DEFAULTS.maxFailures),
    startupTaints: z.array(z.string().min(1)).default([...ROLLOUT_DEFAULTS.startupTaints]),
    windows: z.array(window).default([]),
    pools: z
      .array(pool)
      .refine((pools) => new Set(pools.map(({ name }) => name)).size === pools.length, 'names must differ')
      .default([]),
  })
  .prefault({});

export const driftSchema = z
  .strictObject({ proofHours: z.number().min(1).max(8760).nullable().default(null) })
  .prefault({});

function isTimezone(name: string): boolean {
  try {
    isOpen([{ days: [], from: '00:00', to: '00:00', timezone: name }], 0);
    return true;
  } catch {
    return false;
  }
}
