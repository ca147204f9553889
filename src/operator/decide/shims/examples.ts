import { type NamedShim, shimSpecSchema } from '../../../shims/spec.ts';
import { NOW_MS } from '../examples.ts';
import type { ShimView } from './view.ts';

/** Shims for tests to change one thing of. */

const sha256 = 'a'.repeat(64);

export function shim(name: string, change: Record<string, unknown> = {}): NamedShim {
  const spec = shimSpecSchema.parse({
    version: '1.0.0',
    handler: name,
    binary: `containerd-shim-${name}-v1`,
    sources: [{ arch: 'amd64', https: { url: `https://example.com/${name}.tar.gz`, sha256 } }],
    ...change,
  });
  return { name, spec };
}

export function shimView(name: string, change: Partial<ShimView> = {}, spec: Record<string, unknown> = {}): ShimView {
  const made = shim(name, spec);
  return {
    name,
    uid: `uid-${name}`,
    origin: 'kwasm',
    generation: 1,
    leavingMs: undefined,
    finalizers: [],
    managed: false,
    handler: made.spec.handler,
    nodeSelector: made.spec.nodeSelector,
    spec: { kind: 'spec', spec: made.spec },
    status: '',
    ...change,
  };
}

export const leaving = { leavingMs: NOW_MS, finalizers: ['kwasm.sh/shim'] };
