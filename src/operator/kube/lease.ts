import type { V1ObjectMeta } from '@kubernetes/client-node';
import type { Clock } from '../../clock.ts';
import { messageOf } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import { isStatus } from './api-error.ts';
import type { Transport } from './transport.ts';

export interface LeaseTimes {
  /** Others may take the lease when it was not renewed for so long. */
  readonly durationMs: number;
  /** We stop leading when we could not renew for so long: earlier than others may begin. */
  readonly renewMsMax: number;
  readonly retryMs: number;
}

/** client-go's defaults. */
export const LEASE_TIMES: LeaseTimes = { durationMs: 15_000, renewMsMax: 10_000, retryMs: 2_000 };

/** Timers may be early by a moment. */
const EXPIRY_MARGIN_MS = 20;

/** As it is in JSON: the model's times are objects, which PUT back would lose their six digits. */
interface Lease {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: V1ObjectMeta;
  readonly spec?: {
    readonly holderIdentity?: string | undefined;
    readonly leaseDurationSeconds?: number | undefined;
    readonly acquireTime?: string | undefined;
    readonly renewTime?: string | undefined;
    readonly leaseTransitions?: number | undefined;
  };
}

export interface LeaseOptions {
  readonly transport: Transport;
  readonly namespace: string;
  readonly name: string;
  readonly identity: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
  readonly times: LeaseTimes;
}

/**
 * Leader election on a Lease, with client-go's semantics: clocks of other machines are never compared with ours; whether
 * a holder is alive is judged by when *we* last saw its record change, on the monotonic clock.
 */
export class LeaderElection {
  readonly #options: LeaseOptions;
  readonly #path: string;
  #lease: Lease | undefined;
  #behind: string | undefined;
  #seen: { readonly text: string; readonly atMs: number } | undefined;
  /** When the write was sent that made or kept it ours: others count from when they see it, which may be long before we are answered. */
  #renewedMs = Number.NEGATIVE_INFINITY;

  constructor(options: LeaseOptions) {
    this.#options = options;
    this.#path = `/apis/coordination.k8s.io/v1/namespaces/${options.namespace}/leases`;
  }

  /** Whom we last saw holding it. */
  get holder(): string | undefined {
    return this.#lease?.spec?.holderIdentity;
  }

  /** true when the lease is ours; false when the signal aborts, and then it is not, even if it was for a moment. */
  async acquire(signal: AbortSignal): Promise<boolean> {
    const { clock, log, name, identity } = this.#options;
    while (!signal.aborted && !(await this.#try())) {
      await clock.sleep(this.#untilNextTry(), signal).catch(() => {});
    }
    if (signal.aborted) await this.release();
    else log.info('leading', { lease: name, identity });
    return !signal.aborted;
  }

  /**
   * More often than client-go's standby, and exactly when the holder's time is up: what passes between the last renewal
   * and our seeing it, and between the end of its time and our next look, is time in which nobody leads.
   */
  #untilNextTry(): number {
    const { clock, times, random } = this.#options;
    const usualMs = times.retryMs * (0.6 + 0.2 * random());
    if (this.#seen === undefined || !this.#heldByOther()) return usualMs;
    const leftMs = this.#seen.atMs + this.#durationMs() - clock.monotonicMs() + EXPIRY_MARGIN_MS;
    return leftMs > 0 ? Math.min(usualMs, leftMs) : usualMs;
  }

  /** Renews until the signal aborts; resolves early when the lease is lost. The caller stops all work at once. */
  async hold(signal: AbortSignal): Promise<'lost' | 'stopped'> {
    const { clock, times } = this.#options;
    while (!signal.aborted) {
      await clock.sleep(times.retryMs, signal).catch(() => {});
      if (signal.aborted) return 'stopped';
      const leftMs = this.#renewedMs + times.renewMsMax - clock.monotonicMs();
      if (leftMs <= 0) return 'lost';
      if (!(await within(leftMs, this.#try())) && this.#heldByOther()) return 'lost';
    }
    return 'stopped';
  }

  /** At shutdown, so that the next leader need not wait for the lease to expire. */
  async release(): Promise<void> {
    const lease = this.#lease;
    if (lease?.spec?.holderIdentity !== this.#options.identity) return;
    const spec = { ...lease.spec, holderIdentity: '', leaseDurationSeconds: 1, renewTime: this.#now() };
    try {
      await this.#put({ ...lease, spec });
    } catch (error) {
      this.#options.log.info('lease not released, it will expire', { error: messageOf(error) });
    }
  }

  /** One attempt to take or renew. Whatever goes wrong is 'not ours now'. */
  async #try(): Promise<boolean> {
    try {
      this.#lease = await this.#next();
      return this.#lease?.spec?.holderIdentity === this.#options.identity;
    } catch (error) {
      this.#lease = undefined; // read again: what we hold may be outdated (409) or gone (404)
      if (!isStatus(error, 409)) this.#options.log.warn('lease not renewed', { error: messageOf(error) });
      return false;
    }
  }

  async #next(): Promise<Lease> {
    const { identity } = this.#options;
    const lease = this.#lease?.spec?.holderIdentity === identity ? this.#lease : await this.#get();
    if (lease === undefined) return await this.#written(() => this.#create());
    const text = JSON.stringify(lease.spec);
    if (this.#seen?.text !== text) this.#seen = { text, atMs: this.#options.clock.monotonicMs() };
    const holder = lease.spec?.holderIdentity ?? '';
    if (holder !== '' && holder !== identity && !this.#expired(lease)) {
      this.#standBehind(holder);
      return lease;
    }
    const taken = holder !== identity;
    const spec = {
      ...this.#spec(),
      acquireTime: taken ? this.#now() : lease.spec?.acquireTime,
      leaseTransitions: (lease.spec?.leaseTransitions ?? 0) + (taken ? 1 : 0),
    };
    return await this.#written(() => this.#put({ ...lease, spec })); // its resourceVersion makes a race end with 409
  }

  async #written(write: () => Promise<Lease>): Promise<Lease> {
    const sentMs = this.#options.clock.monotonicMs();
    const lease = await write();
    this.#renewedMs = sentMs;
    return lease;
  }

  /** Once for each holder: an old operator that holds the lease for good is found by its name. */
  #standBehind(holder: string): void {
    if (holder === this.#behind) return;
    this.#behind = holder;
    this.#options.log.info('standing by: another holds the lease', { lease: this.#options.name, holder });
  }

  #expired(lease: Lease): boolean {
    return this.#seen !== undefined && this.#options.clock.monotonicMs() - this.#seen.atMs > this.#durationMs(lease);
  }

  #durationMs(lease: Lease | undefined = this.#lease): number {
    return (lease?.spec?.leaseDurationSeconds ?? this.#options.times.durationMs / 1000) * 1000;
  }

  #heldByOther(): boolean {
    const holder = this.#lease?.spec?.holderIdentity;
    return holder !== undefined && holder !== '' && holder !== this.#options.identity;
  }

  #spec() {
    const { identity, times } = this.#options;
    const leaseDurationSeconds = Math.round(times.durationMs / 1000);
    return { holderIdentity: identity, leaseDurationSeconds, renewTime: this.#now() };
  }

  /** A MicroTime wants six digits. */
  #now(): string {
    return new Date(this.#options.clock.nowMs()).toISOString().replace('Z', '000Z');
  }

  async #get(): Promise<Lease | undefined> {
    const path = `${this.#path}/${this.#options.name}`;
    try {
      return (await this.#options.transport.send({ method: 'GET', verb: 'get', path, urgent: true })) as Lease;
    } catch (error) {
      if (isStatus(error, 404)) return undefined;
      throw error;
    }
  }

  async #create(): Promise<Lease> {
    const { name, namespace, transport } = this.#options;
    const spec = { ...this.#spec(), acquireTime: this.#now(), leaseTransitions: 0 };
    const body = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name, namespace }, spec };
    const call = { method: 'POST', verb: 'create', path: this.#path, body, urgent: true } as const;
    return (await transport.send(call)) as Lease;
  }

  async #put(body: Lease): Promise<Lease> {
    const path = `${this.#path}/${this.#options.name}`;
    const call = { method: 'PUT', verb: 'update', path, body, urgent: true } as const;
    return (await this.#options.transport.send(call)) as Lease;
  }
}

/** false when it takes too long: a renewal that hangs is none. */
async function within(ms: number, attempt: Promise<boolean>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), ms);
  });
  try {
    return await Promise.race([attempt, late]);
  } finally {
    clearTimeout(timer);
  }
}
