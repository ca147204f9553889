import type { InstallReason } from '../../contract.ts';

/** What was brought is not what may be installed: nobody tries again, a person must act. Without "shim X:", which the caller adds. */
export class Rejected extends Error {
  readonly reason: InstallReason;
  constructor(message: string, reason: InstallReason = 'ArchiveRejected', options: { readonly cause?: unknown } = {}) {
    super(message, options);
    this.reason = reason;
  }
}
