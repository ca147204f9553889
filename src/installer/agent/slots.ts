import type { Clock } from '../../clock.ts';
import { messageOf } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import { Failure } from '../failure.ts';
import type { Api } from './api.ts';
import { free, held, isOpen, type Lease, look, type Sight } from './lease.ts';

/**
 * A DaemonSet's update strategy paces updates, not the first creation of its pods: there, every node would be changed at
 * once. So an agent works only while it holds one of a few Leases.
 */
export interface SlotOptions {
  readonly api: Api;
  readonly namespace: string;
  /** The Leases. They are there already: the agent may not make any. */
  readonly names: readonly string[];
  /** The node's name: a container that starts again goes on with its own slot. */
  readonly holder: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
  readonly times: SlotTimes;
}

export interface SlotTimes {
  readonly durationSeconds: number;
  readonly renewMs: number;
  /** Between two looks; it grows with the time that was waited. */
  readonly pauseMsMin: number;
  readonly pauseMsMax: number;
}

export const SLOT_TIMES: SlotTimes = { durationSeconds: 60, renewMs: 10_000, pauseMsMin: 2_000, pauseMsMax: 60_000 };

export interface Slot {
  readonly name: string;
  /** For the next one. */
  release(): Promise<void>;
  /** Nobody else's for so long, although we go: the same node will be back. */
  keep(seconds: number): Promise<void>;
}

/** The Slot of whoever is first; ends only with one, or when the signal aborts. */
export async function takeSlot(options: SlotOptions, signal: AbortSignal): Promise<Slot> {
  const { names, clock, random, log, times } = options;
  const seen = new Map<string, Sight>();
  const startMs = clock.monotonicMs();
  for (let said = false; ; said = true) {
    const first = Math.floor(random() * names.length); // not all of them at the same one
    for (let index = 0; index < names.length; index += 1) {
      signal.throwIfAborted();
      const name = names[(first + index) % names.length] ?? '';
      const lease = await attempt(() => tryToTake(name, seen, options), options);
      if (lease === undefined) continue;
      log.info('slot taken', { slot: name, waitedMs: Math.round(clock.monotonicMs() - startMs) });
      return new HeldSlot(name, lease, options);
    }
    if (!said) log.info('no slot is free: waiting for one', { slots: names, holders: holdersOf(seen) });
    const waitedMs = clock.monotonicMs() - startMs;
    const pauseMs = Math.min(times.pauseMsMax, Math.max(times.pauseMsMin, waitedMs / 8));
    await clock.sleep(pauseMs * (0.5 + random()), signal);
  }
}

function holdersOf(seen: ReadonlyMap<string, Sight>): readonly string[] {
  return [...seen.values()].map(({ text }) => (JSON.parse(text) as Lease['spec'])?.holderIdentity ?? '');
}

async function tryToTake(name: string, seen: Map<string, Sight>, options: SlotOptions): Promise<Lease | undefined> {
  const { holder, clock, times } = options;
  const lease = await get(name, options);
  const nowMs = clock.monotonicMs();
  const sight = look(lease, seen.get(name), nowMs);
  seen.set(name, sight);
  if (!isOpen(lease, holder, sight, nowMs, times.durationSeconds)) return undefined;
  return await put(name, held(lease, holder, times.durationSeconds, clock.nowMs()), options);
}

/** Whatever goes wrong with a request, it is asked again later; only a refusal for good would be worth a failure. */
async function attempt<T>(work: () => Promise<T>, { log }: SlotOptions): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Failure) throw error;
    log.warn('lease not read or written', { error: messageOf(error) });
    return undefined;
  }
}

class HeldSlot implements Slot {
  readonly name: string;
  readonly #options: SlotOptions;
  readonly #stop = new AbortController();
  readonly #renewing: Promise<void>;
  #lease: Lease;

  constructor(name: string, lease: Lease, options: SlotOptions) {
    this.name = name;
    this.#lease = lease;
    this.#options = options;
    this.#renewing = this.#renew();
  }

  async release(): Promise<void> {
    await this.#end((lease, nowMs) => free(lease, nowMs));
  }

  async keep(seconds: number): Promise<void> {
    await this.#end((lease, nowMs) => held(lease, this.#options.holder, seconds, nowMs));
  }

  async #end(change: (lease: Lease, nowMs: number) => Lease): Promise<void> {
    this.#stop.abort();
    await this.#renewing;
    await attempt(() => this.#write(change), this.#options); // if it cannot be, the lease ends by itself
  }

  /** A change that has begun is let end even if the slot is lost meanwhile: half done is worse than two at a time. */
  async #renew(): Promise<void> {
    const { clock, times, holder, log } = this.#options;
    for (;;) {
      await clock.sleep(times.renewMs, this.#stop.signal).catch(() => {});
      if (this.#stop.signal.aborted) return;
      const ours = await attempt(
        () => this.#write((lease, nowMs) => held(lease, holder, times.durationSeconds, nowMs)),
        this.#options,
      );
      if (ours === false) log.warn('the slot is lost to another node', { slot: this.name });
    }
  }

  /** false: somebody else has it by now. */
  async #write(change: (lease: Lease, nowMs: number) => Lease): Promise<boolean> {
    const { clock, holder } = this.#options;
    for (let tries = 0; tries < 2; tries += 1) {
      if (this.#lease.spec?.holderIdentity === holder) {
        const done = await put(this.name, change(this.#lease, clock.nowMs()), this.#options);
        if (done !== undefined) {
          this.#lease = done;
          return true;
        }
      }
      this.#lease = await get(this.name, this.#options);
    }
    return false;
  }
}

function pathOf(name: string, { namespace }: SlotOptions): string {
  return `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/${name}`;
}

async function get(name: string, options: SlotOptions): Promise<Lease> {
  return leaseFrom(name, await options.api.send('GET', pathOf(name, options)));
}

/** undefined: somebody was faster. */
async function put(name: string, lease: Lease, options: SlotOptions): Promise<Lease | undefined> {
  const answer = await options.api.send('PUT', pathOf(name, options), lease);
  return answer.status === 409 ? undefined : leaseFrom(name, answer);
}

function leaseFrom(name: string, { status, body }: { readonly status: number; readonly body: unknown }): Lease {
  if (status < 300 && typeof body === 'object' && body !== null) return body;
  const message = (body as { readonly message?: unknown } | undefined)?.message;
  throw new Error(`Lease ${name}: HTTP ${status}${typeof message === 'string' ? `: ${message}` : ''}`);
}
