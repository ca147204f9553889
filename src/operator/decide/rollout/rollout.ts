import type { Policy } from '../policy.ts';
import type { JobView, NodeView } from '../view.ts';
import { Budgets } from './budget.ts';
import { Lane, type Member } from './lane.ts';
import { Lines } from './line.ts';
import { Notices } from './notices.ts';
import type { RolloutPolicy } from './policy.ts';
import { Quota } from './quota.ts';
import { type Rank, type Standing, standingOf } from './standing.ts';
import type { Cause, Turn, Why } from './turn.ts';
import { isOpen, type Window } from './window.ts';

/** What the clock and the others' changes have made possible. */
export interface Call {
  /** Nodes whose turn it is. Each place is kept until the node has been looked at. */
  readonly go: readonly string[];
  /** Nodes to be looked at because what they wait for has another name now. */
  readonly tell: readonly string[];
  /** When to ask again, if nothing happens before. */
  readonly afterMs: number | undefined;
}

const GO: Turn = { kind: 'go' };
/** No lane has this name: they begin with what is done. */
const QUOTA = 'quota';
/** Windows begin and end with it. */
const MINUTE_MS = 60_000;

/**
 * Who may be changed now. It holds counters and nothing that could not be counted again from the Nodes and the Jobs, so a
 * restart forgets nothing; each change of a node costs the same, however many there are.
 */
export class Rollout {
  #policy: Policy;
  readonly #policyOf: (node: NodeView, policy: Policy) => Policy;
  readonly #members = new Map<string, Member>();
  readonly #lanes = new Map<string, Lane>();
  readonly #budgets: Budgets;
  readonly #lines = new Lines();
  readonly #notices = new Notices();
  readonly #quota = new Quota();
  readonly #open = new Map<string, { readonly minute: number; readonly open: boolean }>();
  #running = 0;
  #paused: string | undefined;

  /** `policyOf`: with what Shims say of the node. */
  constructor(policy: Policy, policyOf: (node: NodeView, policy: Policy) => Policy = (_, same) => same) {
    this.#policy = policy;
    this.#policyOf = policyOf;
    this.#budgets = new Budgets(policy.rollout);
  }

  get #rules(): RolloutPolicy {
    return this.#policy.rollout;
  }

  update(name: string, node: NodeView | undefined, jobs: readonly JobView[]): void {
    const old = this.#members.get(name);
    const standing = node === undefined ? undefined : standingOf(node, jobs, this.#policyOf(node, this.#policy));
    if (standing === undefined) {
      if (old !== undefined) this.#drop(old);
      return;
    }
    this.#put({ name, standing, atWork: standing.busy || (old?.atWork === true && !old.standing.busy) }, old);
    this.#lines.move(name, standing);
  }

  /** With the same rollout rules. Every node is to be updated after it. */
  setPolicy(policy: Policy): void {
    this.#policy = policy;
  }

  /** A person's word for everybody; undefined: go on. */
  pause(by: string | undefined): void {
    this.#paused = by;
  }

  /** Asked and answered in the same tick as take() or wait(). */
  turn(name: string, nowMs: number): Turn {
    const member = this.#members.get(name);
    if (member === undefined) return { kind: 'wait', why: { kind: 'turn', for: 'limit' } };
    const why = this.#holds(member, nowMs);
    return why === undefined ? GO : { kind: 'wait', why };
  }

  /** Its Job is decided on; the Job itself holds the place from when it is in the store. */
  take(name: string): void {
    this.#hold(name, true);
  }

  release(name: string): void {
    this.#hold(name, false);
  }

  /** The API server has, or has not, let a Job of it in; returns when a quota may be asked again. */
  accepted(): void {
    this.#quota.accepted();
  }

  refused(by: string, nowMs: number): number {
    return this.#quota.refused(by, nowMs);
  }

  wait(name: string): void {
    const member = this.#members.get(name);
    if (member !== undefined) this.#lines.add(name, member.standing);
  }

  leave(name: string): void {
    this.#lines.remove(name);
    this.#hold(name, false);
  }

  call(nowMs: number): Call {
    if (this.#lines.size === 0) return { go: [], tell: [], afterMs: undefined };
    const go: string[] = [];
    let againMs = Number.POSITIVE_INFINITY;
    const heads = this.#lines.heads();
    for (let head = heads.next(); !head.done; ) {
      const turn = this.turn(head.value, nowMs);
      if (turn.kind === 'wait') againMs = Math.min(againMs, this.#againMs(head.value, turn.why, nowMs));
      else {
        go.push(head.value);
        this.#lines.remove(head.value);
        this.#hold(head.value, true);
      }
      head = heads.next(turn.kind === 'go' ? 'again' : undefined);
    }
    const told = this.#notices.due(this.#said(), nowMs);
    const tell = told.keys.size === 0 ? [] : [...this.#lines.all()].filter((name) => this.#isTold(name, told.keys));
    againMs = Math.min(againMs, told.nextMs);
    return { go, tell, afterMs: againMs === Number.POSITIVE_INFINITY ? undefined : Math.max(1, againMs - nowMs) };
  }

  #holds(member: Member, nowMs: number): Why | undefined {
    const { name, standing } = member;
    const rules = this.#rules;
    if (this.#paused !== undefined) return { kind: 'paused', by: this.#paused };
    if (standing.paused !== undefined) return { kind: 'paused', by: standing.paused };
    const lane = this.#lane(standing);
    const stopped = standing.fresh ? undefined : lane.stops(name, rules.maxFailures);
    if (stopped !== undefined) return stopped; // before what passes: it is said once
    if (this.#quota.holds(name, nowMs)) {
      const { by } = this.#quota;
      return by === undefined ? { kind: 'turn', for: 'quota' } : { kind: 'quota', by };
    }
    if (rules.maxParallel !== null && this.#running >= rules.maxParallel) return { kind: 'turn', for: 'parallel' };
    if (standing.fresh) return undefined;
    const cause =
      this.#closed(standing, nowMs) ??
      this.#wave(lane, nowMs) ??
      this.#rank(standing) ??
      this.#budgets.full(standing, isOut(member));
    return cause === undefined ? undefined : { kind: 'turn', for: cause };
  }

  #wave(lane: Lane, nowMs: number): Cause | undefined {
    const { canary, soakSeconds } = this.#rules;
    return canary ? lane.wave(soakSeconds * 1000, nowMs) : undefined;
  }

  /** Control planes after the workers, one at a time; the node that the operator runs on after all of them. */
  #rank({ rank }: Standing): Cause | undefined {
    if (rank === 'worker') return undefined;
    if (rank === 'own') return this.#others(['worker', 'controlPlane']) ? 'last' : undefined;
    if (this.#others(['worker'])) return 'workers';
    return [...this.#lanes.values()].some(({ atWork }) => atWork.controlPlane > 0) ? 'controlPlane' : undefined;
  }

  #others(ranks: readonly Rank[]): boolean {
    const { maxFailures } = this.#rules;
    for (const lane of this.#lanes.values()) {
      const goes = !lane.isStopped(maxFailures);
      if (ranks.some((rank) => lane.atWork[rank] > 0 || (goes && lane.open[rank] > 0))) return true;
    }
    return false;
  }

  #closed({ pool }: Standing, nowMs: number): Cause | undefined {
    const minute = Math.floor(nowMs / MINUTE_MS);
    const known = this.#open.get(pool);
    if (known?.minute === minute) return known.open ? undefined : 'window';
    const open = isOpen(this.#windows(pool), nowMs);
    this.#open.set(pool, { minute, open });
    return open ? undefined : 'window';
  }

  #windows(pool: string): readonly Window[] {
    return this.#rules.pools.find(({ name }) => name === pool)?.windows ?? this.#rules.windows;
  }

  #againMs(name: string, why: Why, nowMs: number): number {
    if (why.kind === 'quota') return this.#quota.nextMs(nowMs) ?? Number.POSITIVE_INFINITY;
    if (why.kind !== 'turn') return Number.POSITIVE_INFINITY;
    if (why.for === 'window') return (Math.floor(nowMs / MINUTE_MS) + 1) * MINUTE_MS;
    const member = this.#members.get(name);
    if (why.for !== 'soak' || member === undefined) return Number.POSITIVE_INFINITY;
    const endMs = this.#lane(member.standing).soakedMs(this.#rules.soakSeconds * 1000, nowMs);
    return endMs > nowMs ? endMs : Number.POSITIVE_INFINITY; // over, and still held: a change of a node ends it
  }

  /** What the nodes of each lane are told, for those lanes where it is more than to wait; '' and QUOTA: everybody. */
  #said(): ReadonlyMap<string, string> {
    const said = new Map<string, string>();
    if (this.#paused !== undefined) said.set('', this.#paused);
    if (this.#quota.by !== undefined) said.set(QUOTA, this.#quota.by);
    for (const [key, lane] of this.#lanes) {
      const first = lane.firstFailure;
      if (first !== undefined && lane.isStopped(this.#rules.maxFailures))
        said.set(key, `${first.node} ${first.reason}`);
    }
    return said;
  }

  #isTold(name: string, keys: ReadonlySet<string>): boolean {
    return keys.has('') || keys.has(QUOTA) || keys.has(this.#members.get(name)?.standing.lane ?? '');
  }

  #hold(name: string, on: boolean): void {
    if (on) this.#quota.asks(name);
    else this.#quota.answered(name);
    const old = this.#members.get(name);
    if (old === undefined) return;
    const atWork = on || old.standing.busy;
    if (atWork !== old.atWork) this.#put({ ...old, atWork }, old);
  }

  #put(member: Member, old: Member | undefined): void {
    if (old !== undefined) this.#count(old, -1);
    this.#members.set(member.name, member);
    this.#count(member, 1);
    if (old !== undefined && old.standing.lane !== member.standing.lane) this.#forget(old.standing.lane);
  }

  #drop(old: Member): void {
    this.#count(old, -1);
    this.#members.delete(old.name);
    this.#lines.remove(old.name);
    this.#forget(old.standing.lane);
  }

  #count(member: Member, sign: 1 | -1): void {
    this.#lane(member.standing).count(member, sign);
    if (member.atWork) this.#running += sign;
    this.#budgets.count(member.standing, isOut(member), sign);
  }

  #lane({ lane, kind }: Standing): Lane {
    const known = this.#lanes.get(lane);
    if (known !== undefined) return known;
    const made = new Lane(kind, isUndoing(lane));
    this.#lanes.set(lane, made);
    return made;
  }

  /** Kinds come and go with every release of an OS image. */
  #forget(lane: string): void {
    if (this.#lanes.get(lane)?.members === 0) this.#lanes.delete(lane);
  }
}

function isUndoing(lane: string): boolean {
  return lane.startsWith('uninstall ');
}

/** In the hands of a Job, or NotReady anyway. Nothing is lost with a node that nothing runs on, or that is not ours any more. */
function isOut({ standing, atWork }: Member): boolean {
  if (standing.fresh) return false;
  const gone = standing.stage === 'done' && isUndoing(standing.lane);
  return atWork || (!standing.ready && !gone);
}
