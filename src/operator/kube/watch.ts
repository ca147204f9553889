import { Bug, messageOf } from '../../errors.ts';
import { ApiError, isStatus } from './api-error.ts';
import { Backoff } from './backoff.ts';
import { listPages } from './pages.ts';
import { type Progress, readWatch, Silence } from './stream.ts';
import type { WatchOptions } from './watch-options.ts';

/** Where a watch stands; each state says what it may turn into. */
type State =
  /** Nothing is known: stream the list (then watching), or page it where the server cannot. */
  | { readonly kind: 'empty' }
  /** Page the list (then watching). */
  | { readonly kind: 'paging' }
  /** Follow from this version; back to empty when the server has forgotten it. */
  | { readonly kind: 'watching'; readonly version: string };

/** For /readyz. */
export interface WatchHealth {
  readonly resource: string;
  /** The store has held a complete list since start. */
  readonly synced: boolean;
  /** undefined: connected and heard from in time. */
  readonly troubleSinceMs: number | undefined;
  readonly trouble: string;
  /** Of the answer that the trouble is; undefined: there was none. */
  readonly troubleStatus?: number | undefined;
}

/** A connection that lived so long was no part of an outage. */
const GOOD_MS = 1_000;
/** Out of reach for longer, the server was out of the kubelets' reach as well. */
const BREAK_MS = 5_000;

export class Watch<Raw extends object> {
  readonly #options: WatchOptions<Raw>;
  readonly #backoff: Backoff;
  #watchList: boolean;
  #synced = false;
  readonly #firstList = Promise.withResolvers<void>();
  #connectedMs: number | undefined;
  #heardSinceMs: number | undefined;
  #trouble: { readonly sinceMs: number; readonly text: string; readonly status?: number | undefined } | undefined;
  /** The last version expired, and nothing has been heard since. */
  #expired = false;
  #again = new AbortController();
  #served: boolean | undefined;

  constructor(options: WatchOptions<Raw>) {
    this.#options = options;
    this.#backoff = new Backoff(options.limits.backoffMsMin, options.limits.backoffMsMax, options.random);
    this.#watchList = options.watchList;
    this.#trouble = { sinceMs: options.clock.monotonicMs(), text: 'not connected yet' };
  }

  health(): WatchHealth {
    return {
      resource: this.#options.resource.name,
      synced: this.#synced,
      troubleSinceMs: this.#trouble?.sinceMs,
      trouble: this.#trouble?.text ?? '',
      troubleStatus: this.#trouble?.status,
    };
  }

  /** For how long the server has been in reach without a break; 0 during one. Kubelets that could not report meanwhile need some of it. */
  heardForMs(): number {
    const nowMs = this.#options.clock.monotonicMs();
    return this.#heardSinceMs === undefined || this.#inBreak(nowMs) ? 0 : nowMs - this.#heardSinceMs;
  }

  #inBreak(nowMs: number): boolean {
    return this.#trouble !== undefined && nowMs - this.#trouble.sinceMs > BREAK_MS;
  }

  /** Resolves with the first complete list. */
  whenSynced(): Promise<void> {
    return this.#firstList.promise;
  }

  /** Lists anew, for who reads more of each object than before. The store serves what it has until the list is whole. */
  refresh(): void {
    this.#again.abort();
  }

  /** Until the signal aborts; never throws for what the network or the server does. */
  async run(signal: AbortSignal): Promise<void> {
    let state: State = { kind: 'empty' };
    while (!signal.aborted) {
      if (this.#again.signal.aborted) {
        this.#again = new AbortController();
        state = { kind: 'empty' };
      }
      const again = this.#again.signal;
      const from: State = state;
      const progress: Progress = { version: from.kind === 'watching' ? from.version : undefined, heard: false };
      try {
        state = await this.#step(from, progress, AbortSignal.any([signal, again]));
      } catch (error) {
        if (signal.aborted) return;
        if (again.aborted) continue;
        state = await this.#afterError(error, from, progress, signal);
      }
    }
  }

  async #step(state: State, progress: Progress, signal: AbortSignal): Promise<State> {
    if (state.kind === 'paging' || (state.kind === 'empty' && !this.#watchList)) {
      const version = await listPages(this.#options, signal);
      this.#connected();
      this.#listed();
      return { kind: 'watching', version };
    }
    const startMs = this.#options.clock.monotonicMs();
    this.#connectedMs = undefined;
    const on = { connected: () => this.#connected(), heard: () => this.#heard() };
    await readWatch(this.#options, progress, on, signal);
    const { version } = progress;
    if (version === undefined) throw new Bug('a watch-list ended before its list was complete');
    if (!progress.heard && this.#options.clock.monotonicMs() - startMs < 1_000) {
      throw new ApiError(0, 'Ended', 'the server ends the watch as soon as it begins');
    }
    this.#options.onRestart(this.#options.resource.name, 'end');
    return { kind: 'watching', version };
  }

  async #afterError(error: unknown, from: State, progress: Progress, signal: AbortSignal): Promise<State> {
    const { log, resource, clock, onRestart } = this.#options;
    const resume: State = progress.version === undefined ? from : { kind: 'watching', version: progress.version };
    if (from.kind === 'empty' && this.#watchList && refusesWatchList(error)) {
      log.info('the server streams no lists: paging instead', { resource: resource.name, answer: messageOf(error) });
      this.#watchList = false; // for good: asking again at every restart would cost a request each
      return { kind: 'paging' };
    }
    if (from.kind === 'empty' && error instanceof Silence && progress.version === undefined) {
      // One server streamed objects but never the closing bookmark (alvaroaleman/static-kas#43).
      onRestart(resource.name, 'silence');
      return { kind: 'paging' };
    }
    if (resource.optional !== undefined && isStatus(error, 404)) return await this.#absent(resource.optional, signal);
    const expired = isStatus(error, 410);
    const cause = expired ? 'expired' : error instanceof Silence ? 'silence' : 'error';
    onRestart(resource.name, cause);
    if (cause === 'silence') this.#heardSinceMs = undefined; // who knows for how long
    const status = error instanceof ApiError ? error.status : undefined;
    this.#trouble = { sinceMs: this.#trouble?.sinceMs ?? clock.monotonicMs(), text: messageOf(error), status };
    // Where nothing at all is heard from a version on, it may be one that the server has yet to reach: etcd was put back.
    const mute = cause === 'silence' && !progress.heard;
    const next: State = expired || mute ? { kind: 'empty' } : resume;
    // An expired version is normal once; a server that never knows one would otherwise be asked without pause.
    const once = expired && from.kind === 'watching' && !this.#expired;
    this.#expired = expired;
    if (once) return next;
    // Quiet resources hear nothing for a minute; that they were connected for a while is as good a sign.
    if (clock.monotonicMs() - (this.#connectedMs ?? Number.POSITIVE_INFINITY) > GOOD_MS) this.#backoff.reset();
    const delayMs = this.#backoff.next();
    log.warn('watch broke, trying again', { resource: resource.name, cause, error: messageOf(error), delayMs });
    await clock.sleep(delayMs, signal).catch(() => {});
    return next;
  }

  /**
   * The server knows no such kind. What was read while it did is kept: with a CRD its objects go first, each as an event, so
   * without them this is a server that starts.
   */
  async #absent({ absentMs }: { readonly absentMs: number }, signal: AbortSignal): Promise<State> {
    const { store, clock } = this.#options;
    if (!this.#synced) store.begin().swap('');
    this.#trouble = undefined;
    this.#setServed(false);
    this.#listed();
    this.#backoff.reset();
    await clock.sleep(absentMs, signal).catch(() => {});
    return { kind: 'empty' };
  }

  #setServed(served: boolean): void {
    if (this.#served === served) return;
    this.#served = served;
    this.#options.onServed?.(served);
  }

  #connected(): void {
    const nowMs = this.#options.clock.monotonicMs();
    this.#setServed(true);
    this.#connectedMs ??= nowMs;
    if (this.#inBreak(nowMs)) this.#heardSinceMs = undefined;
    this.#heardSinceMs ??= nowMs;
    this.#trouble = undefined;
  }

  #heard(): void {
    this.#connected();
    this.#listed();
    this.#expired = false;
    this.#backoff.reset();
  }

  #listed(): void {
    this.#synced = true;
    this.#firstList.resolve();
  }
}

/** The gate is beta since 1.32, yet a managed 1.33 refuses it (kubernetes/kubernetes#135583). */
function refusesWatchList(error: unknown): boolean {
  return (
    error instanceof ApiError &&
    error.status >= 400 &&
    error.status < 500 &&
    error.message.includes('sendInitialEvents')
  );
}
