import type { Rank, Standing } from './standing.ts';
import type { Cause, Why } from './turn.ts';

/** One node's part in a lane. `atWork`: a Job of ours is there, or decided on. */
export interface Member {
  readonly name: string;
  readonly standing: Standing;
  readonly atWork: boolean;
}

interface Failure {
  readonly node: string;
  readonly reason: string;
  readonly atMs: number;
}

/** Nodes of one kind that the same is done to, counted as they come and go. */
export class Lane {
  readonly kind: string;
  readonly #undoing: boolean;
  /** Nodes whose turn alone is missing; a stopped lane has none that could go. */
  readonly open: Record<Rank, number> = { worker: 0, controlPlane: 0, own: 0 };
  readonly atWork: Record<Rank, number> = { worker: 0, controlPlane: 0, own: 0 };
  members = 0;
  #proved = 0;
  #provedReady = 0;
  #firstProofMs = Number.POSITIVE_INFINITY;
  readonly #failed = new Map<string, Failure>();
  #first: Failure | undefined;

  constructor(kind: string, undoing: boolean) {
    this.kind = kind;
    this.#undoing = undoing;
  }

  count({ name, standing, atWork }: Member, sign: 1 | -1): void {
    const { stage, rank, ready, paused, atMs, reason } = standing;
    this.members += sign;
    if (atWork) this.atWork[rank] += sign;
    else if (stage === 'todo' && ready && paused === undefined) this.open[rank] += sign;
    if (stage === 'done') {
      this.#proved += sign;
      if (ready) this.#provedReady += sign;
      this.#firstProofMs = this.#proved === 0 ? Number.POSITIVE_INFINITY : Math.min(this.#firstProofMs, atMs);
    }
    if (stage !== 'failed') return;
    if (sign === 1) this.#failed.set(name, { node: name, reason, atMs });
    else this.#failed.delete(name);
    this.#first = undefined;
  }

  get running(): number {
    return this.atWork.worker + this.atWork.controlPlane + this.atWork.own;
  }

  isStopped(maxFailures: number): boolean {
    return this.#failed.size >= maxFailures;
  }

  /** The earliest failure, so that the same is named after a restart. */
  get firstFailure(): Failure | undefined {
    if (this.#first !== undefined) return this.#first;
    for (const failure of this.#failed.values()) {
      const first = this.#first;
      const earlier = first === undefined || failure.atMs < first.atMs;
      if (earlier || (failure.atMs === first.atMs && failure.node < first.node)) this.#first = failure;
    }
    return this.#first;
  }

  /** A stopped lane does nothing but try a failed node again, one at a time: that one was its canary. */
  stops(name: string, maxFailures: number): Why | undefined {
    const first = this.firstFailure;
    if (first === undefined || !this.isStopped(maxFailures)) return undefined;
    if (this.#failed.has(name) && this.running === 0) return undefined;
    return { kind: 'stopped', undoing: this.#undoing, group: this.kind, node: first.node, reason: first.reason };
  }

  /** One node, a pause, and then every wave as large as all before it together. */
  wave(soakMs: number, nowMs: number): Cause | undefined {
    if (this.#proved === 0) return this.running > 0 ? 'canary' : undefined;
    if (this.#provedReady === 0 || nowMs < this.soakedMs(soakMs, nowMs)) return 'soak';
    return this.running >= this.#provedReady ? 'wave' : undefined;
  }

  /** A stamp from a clock ahead of ours does not make it longer. */
  soakedMs(soakMs: number, nowMs: number): number {
    return Math.min(this.#firstProofMs, nowMs) + soakMs;
  }
}
