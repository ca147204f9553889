import type { V1ResourceRequirements } from '@kubernetes/client-node';

/** A small Wasm pod that has to succeed on a node before the node is called ready. */
export interface CanaryPolicy {
  /** By handler; a handler without an image is called ready after the installer's own proof. */
  readonly images: Readonly<Record<string, string>>;
  /** From the installer's verdict to the pod's success. */
  readonly deadlineSeconds: number;
  readonly resources: V1ResourceRequirements;
}

/** What an image without a handler's name is for: the one that our own installer brings. */
export const CANARY_HANDLER = 'wasmtime';

export const CANARY_DEFAULTS: CanaryPolicy = {
  images: {},
  deadlineSeconds: 180,
  resources: { requests: { cpu: '10m', memory: '32Mi' }, limits: { memory: '256Mi' } },
};

/** Of these handlers, those that a canary pod has to prove. */
export function triedByCanary(handlers: readonly string[], { images }: CanaryPolicy): readonly string[] {
  return handlers.filter((handler) => Object.hasOwn(images, handler));
}
