import * as z from 'zod';
import { ARCHES, httpsFields, imageFields, type Order, type Source, shimFields } from './order.ts';

/**
 * `spec` of a Shim (kwasm.sh/v1alpha1), and of an entry of the catalogue once it is complete. The CRD's own schema says the
 * same for `kubectl`; what came past it (options, which may be of several types) is parsed here.
 */

const quantity = z.union([z.string(), z.number()]).transform(String);
const toleration = z.strictObject({
  key: z.string().optional(),
  operator: z.enum(['Exists', 'Equal']).optional(),
  value: z.string().optional(),
  effect: z.enum(['NoSchedule', 'PreferNoSchedule', 'NoExecute']).optional(),
  tolerationSeconds: z.number().int().optional(),
});

/** Exactly one of the three. */
const sourceOf = z
  .strictObject({
    arch: z.enum(ARCHES),
    /** In the image of our installer. */
    bundled: z.strictObject({}).optional(),
    https: z.strictObject(httpsFields).optional(),
    image: z
      .strictObject({
        ...imageFields,
        /** In the operator's namespace, beside the installer's own. */
        pullSecrets: z.array(z.strictObject({ name: z.string().min(1) })).optional(),
      })
      .optional(),
  })
  .refine(({ bundled, https, image }) => [bundled, https, image].filter((one) => one !== undefined).length === 1, {
    error: 'must be one of bundled, https and image',
  });
export type ShimSource = z.infer<typeof sourceOf>;

/** The handler is the Shim's. */
const runtimeClass = z.strictObject({
  name: z.string().regex(/^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/, 'must be the name of a RuntimeClass'),
  overhead: z.strictObject({ podFixed: z.record(z.string(), quantity) }).optional(),
  scheduling: z
    .strictObject({
      nodeSelector: z.record(z.string(), z.string()).optional(),
      tolerations: z.array(toleration).optional(),
    })
    .optional(),
});

const rollout = z.strictObject({
  maxUnavailable: z
    .union([z.number().int().min(1), z.string().regex(/^(100|[1-9]?[0-9])%$/)])
    .transform((amount) => amount as number | `${number}%`)
    .optional(),
  paused: z.boolean().optional(),
});

export const shimSpecSchema = z.strictObject({
  ...shimFields,
  sources: z
    .array(sourceOf)
    .min(1)
    .refine((all) => new Set(all.map(({ arch }) => arch)).size === all.length, 'one source per architecture'),
  /** Labels that a node must carry; {}: every node that is wanted. */
  nodeSelector: z.record(z.string(), z.string()).default({}),
  runtimeClasses: z.array(runtimeClass).default([]),
  rollout: rollout.default({}),
});
export type ShimSpec = z.infer<typeof shimSpecSchema>;
export type ShimClass = ShimSpec['runtimeClasses'][number];

/** With its name: what the values name, and what the operator applies. */
export interface NamedShim {
  readonly name: string;
  readonly spec: ShimSpec;
}

/** The same, as the installer is told. */
export function orderOf({ name, spec }: NamedShim): Order {
  const { handler, binary, version, options, sources } = spec;
  return {
    name,
    handler,
    binary,
    version,
    options,
    platforms: sources.map((one) => ({ arch: one.arch, source: orderedSource(one) })),
  };
}

function orderedSource({ https, image }: ShimSource): Source {
  if (https !== undefined) return { kind: 'https', ...https };
  if (image !== undefined) return { kind: 'image', reference: image.reference, path: image.path };
  return { kind: 'bundled' };
}

/** What a default installation brings, as releases before there were Shims did: our own, from the installer's image. */
export const DEFAULT_HANDLER = 'wasmtime';
