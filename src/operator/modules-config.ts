import * as z from 'zod';
import type { ModulePolicy } from './decide/wasm-module/objects.ts';

/** The `wasmModules` part of the configuration file; absent: the operator does not look at them. */
export type ModulesPolicy = ModulePolicy;

const name = z.string().regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/, 'must be a valid name');

export const modulesSchema = z
  .strictObject({
    runtimeClass: name.default('wasmtime'),
    clusterDomain: name.default('cluster.local'),
    runner: z
      .strictObject({ image: z.string().min(1), insecureRegistries: z.array(z.string().min(1)).default([]) })
      .optional(),
  })
  .optional();
