import { type InstallReason, NODE_ROOT_PATH } from '../../contract.ts';
import { messageOf } from '../../errors.ts';
import { noSpaceText } from './no-space.ts';
import { unwritableText } from './unwritable.ts';

/** gRPC's codes of a daemon that hangs, and of one that is not there. */
const DEADLINE_EXCEEDED = 4;
const UNAVAILABLE = 14;

/** The host's own trouble, which may meet any step: it has a reason of its own, for a person can mend it. */
export function troubleOf(error: unknown): { readonly reason: InstallReason; readonly message: string } | undefined {
  const full = noSpaceText(error);
  // As the host knows its files, and not as this container does.
  if (full !== undefined) return { reason: 'NoSpace', message: full.replaceAll(NODE_ROOT_PATH, '') };
  const unwritable = unwritableText(error);
  if (unwritable !== undefined) return { reason: 'ReadOnlyHost', message: unwritable.replaceAll(NODE_ROOT_PATH, '') };
  if (error instanceof Error && isSilence(error.cause))
    return { reason: 'NoAnswer', message: `containerd does not answer: ${messageOf(error)}` };
  return undefined;
}

function isSilence(cause: unknown): boolean {
  const code = cause instanceof Error ? (cause as { readonly code?: unknown }).code : undefined;
  return code === DEADLINE_EXCEEDED || code === UNAVAILABLE;
}
