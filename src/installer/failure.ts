import type { InstallReason } from '../contract.ts';

/** A step went wrong. Whether that means "failed" or "rolled back" depends on what had been touched by then. */
export class Failure extends Error {
  readonly reason: InstallReason;
  constructor(reason: InstallReason, message: string, options: { readonly cause?: unknown } = {}) {
    super(message, options);
    this.reason = reason;
  }
}
