import type { InstallReason } from '../contract.ts';

/** Ends a run before anything live is touched, because a person must act. */
export class Refusal extends Error {
  readonly reason: InstallReason;
  constructor(reason: InstallReason, message: string, options: { readonly cause?: unknown } = {}) {
    super(message, options);
    this.reason = reason;
  }
}
