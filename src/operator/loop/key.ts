/** Queue keys: what is reconciled, and its name. */
export type Key =
  | { readonly kind: 'node'; readonly name: string }
  | { readonly kind: 'class'; readonly name: string }
  /** Nobody in particular: whose turn it is. */
  | { readonly kind: 'rollout' }
  | { readonly kind: 'removal' }
  /** All Shims at once: the objects, their finalizers, their status. */
  | { readonly kind: 'shims' };

export const SHIMS_KEY = 'shims';
export const ROLLOUT_KEY = 'rollout';
/** Whether everything is to be taken off has changed. */
export const REMOVAL_KEY = 'removal';

export function nodeKey(name: string): string {
  return `node/${name}`;
}

export function classKey(name: string): string {
  return `class/${name}`;
}

export function parseKey(key: string): Key {
  if (key === REMOVAL_KEY) return { kind: 'removal' };
  if (key === SHIMS_KEY) return { kind: 'shims' };
  if (key === ROLLOUT_KEY) return { kind: 'rollout' };
  const name = key.slice(key.indexOf('/') + 1);
  return { kind: key.startsWith('class/') ? 'class' : 'node', name };
}
