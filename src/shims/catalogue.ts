import type { z } from 'zod';
import type { shimSpecSchema } from './spec.ts';

/** As it is written: what has a default may be left out. */
export type Entry = z.input<typeof shimSpecSchema>;

/** Shims that the values may name without saying more. */
export const CATALOGUE: Readonly<Record<string, Entry>> = {
  wasmtime: {
    version: '0.3.0',
    handler: 'wasmtime',
    binary: 'containerd-shim-wasmtime-v1',
    sources: [
      { arch: 'amd64', bundled: {} },
      { arch: 'arm64', bundled: {} },
    ],
    runtimeClasses: [{ name: 'wasmtime' }],
  },
};
