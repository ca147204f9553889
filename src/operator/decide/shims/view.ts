import type { ShimSpec } from '../../../shims/spec.ts';

/** What is kept of a Shim, of ours or of runtime-class-manager's kind. */
export interface ShimView {
  readonly name: string;
  readonly uid: string;
  /** spinkube: a Shim of runtime.spinkube.dev, in our words. */
  readonly origin: Origin;
  readonly generation: number;
  readonly leavingMs: number | undefined;
  readonly finalizers: readonly string[];
  /** We made it from the values: its spec is theirs. */
  readonly managed: boolean;
  /** As it is written, also where the rest cannot be used. */
  readonly handler: string;
  readonly nodeSelector: Readonly<Record<string, string>>;
  readonly spec: Parsed;
  /** The status as it is, as text: what is the same is not written again. */
  readonly status: string;
}

export type Origin = 'kwasm' | 'spinkube';

export type Parsed =
  | { readonly kind: 'spec'; readonly spec: ShimSpec }
  /** Nothing is installed from it. */
  | { readonly kind: 'problem'; readonly reason: 'Invalid' | 'NotPinned' | 'HeldByOther'; readonly message: string };
