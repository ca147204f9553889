import type { CoreV1Event } from '@kubernetes/client-node';
import type { Clock } from '../../clock.ts';
import { MANAGED_BY } from '../../contract.ts';
import { messageOf } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import type { EventContent } from '../decide/action.ts';
import type { NodeView } from '../decide/view.ts';
import type { Writes } from '../kube/writes.ts';
import { type Bucket, spend } from './token-bucket.ts';

/** written; folded into a summary; repeated: the node has said it just now; failed: the API server did not take it. */
export const EVENT_RESULTS = ['written', 'folded', 'repeated', 'failed'] as const;
export type EventResult = (typeof EVENT_RESULTS)[number];

/** Warnings have an allowance of their own, so that 5,000 nodes that begin do not hide the one that broke. */
const CLUSTER = {
  Normal: { burst: 60, perMinute: 30 },
  Warning: { burst: 100, perMinute: 60 },
} as const;
const NODE = { burst: 10, perMinute: 1 };
/** The same words about the same node, again within this time, are no news. A node's allowance is whole again after it. */
const MEMORY_MS = 10 * 60_000;
const SUMMARY_MS = 60_000;
const NAMES_MAX = 5;
const MESSAGE_LENGTH_MAX = 1024;
/** Of what it is about, in the Event's own name, which holds a time besides. */
const NAME_LENGTH_MAX = 200;
/** Events of cluster-scoped objects live in `default`: the API server accepts no other namespace. */
const EVENT_NAMESPACE = 'default';

export interface EventsOptions {
  readonly writes: Pick<Writes, 'createEvent'>;
  readonly clock: Clock;
  readonly log: Logger;
  /** The operator's; summaries are about it. */
  readonly namespace: string;
  readonly onEvent: (result: EventResult) => void;
}

interface Folded {
  readonly type: EventContent['type'];
  readonly reason: string;
  count: number;
  readonly names: string[];
}

/**
 * Events are for people, who read dozens and not thousands, and etcd keeps each for an hour. So there are no more of them
 * than the allowances say, whatever the nodes do; what is over is counted and said once a minute. The condition of each
 * node holds the same, so an Event that is not written loses nothing.
 */
export class Events {
  readonly #options: EventsOptions;
  readonly #cluster: { readonly [type in EventContent['type']]: Bucket };
  /** Both in the order of their times, so that what is old goes from the front. */
  readonly #nodes = new Map<string, Bucket>();
  readonly #said = new Map<string, number>();
  #folded = new Map<string, Folded>();

  constructor(options: EventsOptions) {
    this.#options = options;
    const atMs = options.clock.monotonicMs();
    this.#cluster = {
      Normal: { tokens: CLUSTER.Normal.burst, atMs },
      Warning: { tokens: CLUSTER.Warning.burst, atMs },
    };
  }

  /** What is remembered: bounded by what happened in the last minutes. */
  get remembered(): number {
    return this.#nodes.size + this.#said.size;
  }

  async say(content: EventContent, node: Pick<NodeView, 'name' | 'uid'>): Promise<void> {
    const { onEvent, clock } = this.#options;
    const nowMs = clock.monotonicMs();
    this.#forget(nowMs);
    const words = `${node.name} ${content.reason} ${content.message}`;
    if (this.#said.has(words)) return onEvent('repeated');
    if (
      !spend(this.#bucket(node.name, nowMs), NODE, nowMs) ||
      !spend(this.#cluster[content.type], CLUSTER[content.type], nowMs)
    ) {
      this.#fold(content, node.name);
      return onEvent('folded');
    }
    this.#said.set(words, nowMs);
    const { name, uid } = node;
    await this.#write(content, { apiVersion: 'v1', kind: 'Node', name, uid }, name);
  }

  /** Writes the summaries until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#options.clock.sleep(SUMMARY_MS, signal).catch(() => {});
      if (!signal.aborted) await this.summarise();
    }
  }

  /** One Event for each reason that was folded since the last time. Reasons are a short list. */
  async summarise(): Promise<void> {
    const folded = this.#folded;
    this.#folded = new Map();
    const { namespace } = this.#options;
    for (const { type, reason, count, names } of folded.values()) {
      const among = names.join(', ') + (count > names.length ? ', ...' : '');
      const message = `${reason}: ${count} more in the last minute, on ${among}; the condition KwasmReady of each node says it in full`;
      const about = { apiVersion: 'v1', kind: 'Namespace', name: namespace };
      await this.#write({ type, reason, message }, about, `${namespace}.${reason.toLowerCase()}`);
    }
  }

  #bucket(name: string, nowMs: number): Bucket {
    const bucket = this.#nodes.get(name) ?? { tokens: NODE.burst, atMs: nowMs };
    this.#nodes.delete(name);
    this.#nodes.set(name, bucket);
    return bucket;
  }

  #forget(nowMs: number): void {
    for (const [name, { atMs }] of this.#nodes) {
      if (nowMs - atMs < MEMORY_MS) break;
      this.#nodes.delete(name);
    }
    for (const [words, atMs] of this.#said) {
      if (nowMs - atMs < MEMORY_MS) break;
      this.#said.delete(words);
    }
  }

  #fold({ type, reason }: EventContent, node: string): void {
    const key = `${type} ${reason}`;
    const folded = this.#folded.get(key) ?? { type, reason, count: 0, names: [] };
    folded.count += 1;
    if (folded.names.length < NAMES_MAX && !folded.names.includes(node)) folded.names.push(node);
    this.#folded.set(key, folded);
  }

  async #write({ type, reason, message }: EventContent, about: CoreV1Event['involvedObject'], name: string) {
    const { writes, clock, log, onEvent } = this.#options;
    const nowMs = clock.nowMs();
    const time = new Date(Math.floor(nowMs / 1000) * 1000);
    const event: CoreV1Event = {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: {
        namespace: EVENT_NAMESPACE,
        name: `${name.slice(0, NAME_LENGTH_MAX).replace(/[-.]+$/, '')}.${nowMs.toString(16)}`,
      },
      involvedObject: about,
      type,
      reason,
      message: message.slice(0, MESSAGE_LENGTH_MAX),
      source: { component: MANAGED_BY },
      firstTimestamp: time,
      lastTimestamp: time,
      count: 1,
    };
    try {
      await writes.createEvent(event);
      onEvent('written');
    } catch (error) {
      onEvent('failed');
      log.warn('event not written', { reason, error: messageOf(error) });
    }
  }
}
