import { type Plan, refused } from './change.ts';

/** A pod sandbox that still needs a handler. */
export interface HandlerUser {
  /** `namespace/name` */
  readonly pod: string;
  readonly podUid: string;
  readonly handler: string;
}

/** undefined: no pod needs any of these handlers. */
export function inUse(
  sandboxes: readonly HandlerUser[],
  handlers: readonly string[],
): (Plan & { readonly kind: 'refused' }) | undefined {
  const users = sandboxes.filter(({ handler }) => handlers.includes(handler));
  if (users.length === 0) return undefined;
  const names = users.map(({ pod, handler }) => `${pod} (${handler})`).join(', ');
  const { kind, finding } = refused(
    'InUse',
    `pods still run on handlers that are to be removed: ${names}; delete or move them, then try again`,
  );
  return { kind, finding: { ...finding, pods: users.map(({ pod, podUid }) => `${pod}/${podUid}`) } };
}
