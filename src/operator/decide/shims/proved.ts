import type { NamedShim } from '../../../shims/spec.ts';
import { sha256Hex } from '../name.ts';
import type { Policy } from '../policy.ts';
import { orderText } from './rules.ts';

/** Shims by name, and a hash of what is ordered of each: one of them may fail on a node that has the others as they are to be. */
export type Proved = Readonly<Record<string, string>>;

export function provedBy({ installer, onNode }: Policy): Proved {
  if (onNode?.kind !== 'given') return {};
  return Object.fromEntries(onNode.shims.map((shim) => [shim.name, hashOf(shim, installer.installImage)]));
}

/** What is bundled changes with the image that brings it, and nothing else does. */
function hashOf(shim: NamedShim, image: string): string {
  const bundled = shim.spec.sources.some((source) => source.bundled !== undefined);
  return sha256Hex(JSON.stringify([orderText([shim]), bundled ? image : ''])).slice(0, 8);
}
