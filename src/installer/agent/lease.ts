/** A Lease as far as a slot needs it (https://kubernetes.io/docs/concepts/architecture/leases/). */
export interface Lease {
  readonly metadata?: { readonly name?: string; readonly resourceVersion?: string };
  readonly spec?: LeaseSpec | undefined;
}

export interface LeaseSpec {
  readonly holderIdentity?: string;
  readonly leaseDurationSeconds?: number;
  readonly acquireTime?: string;
  readonly renewTime?: string;
  readonly leaseTransitions?: number;
}

/** When we first saw a Lease as it is now: how old a holder's word is, by our own clock alone. */
export interface Sight {
  readonly text: string;
  readonly atMs: number;
}

export function look(lease: Lease, before: Sight | undefined, nowMs: number): Sight {
  const text = JSON.stringify(lease.spec ?? {});
  return before?.text === text ? before : { text, atMs: nowMs };
}

/** Free, ours from before, or its holder has been silent for longer than it said. */
export function isOpen({ spec }: Lease, holder: string, seen: Sight, nowMs: number, secondsOtherwise: number): boolean {
  const by = spec?.holderIdentity ?? '';
  if (by === '' || by === holder) return true;
  return nowMs - seen.atMs > (spec?.leaseDurationSeconds ?? secondsOtherwise) * 1000;
}

export function held(lease: Lease, holder: string, seconds: number, nowMs: number): Lease {
  const time = microTime(nowMs);
  const before = lease.spec;
  const ours = before?.holderIdentity === holder;
  return {
    ...lease,
    spec: {
      ...before,
      holderIdentity: holder,
      leaseDurationSeconds: seconds,
      acquireTime: ours ? (before.acquireTime ?? time) : time,
      renewTime: time,
      leaseTransitions: (before?.leaseTransitions ?? 0) + (ours ? 0 : 1),
    },
  };
}

export function free(lease: Lease, nowMs: number): Lease {
  const { holderIdentity, acquireTime, ...spec } = lease.spec ?? {};
  return { ...lease, spec: { ...spec, holderIdentity: '', leaseDurationSeconds: 1, renewTime: microTime(nowMs) } };
}

/** The API wants six digits. */
function microTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z');
}
