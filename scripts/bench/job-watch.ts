import { systemClock } from '../../src/clock.ts';
import { Terminal } from '../../src/errors.ts';
import type { Api } from '../plane/api.ts';
import { NAMESPACE } from './namespace.ts';

interface JobEvent {
  readonly type: string;
  readonly object: {
    readonly metadata: {
      readonly name: string;
      readonly resourceVersion: string;
      readonly ownerReferences?: readonly { readonly name: string }[];
    };
  };
}

const METADATA_ONLY = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1';
const POLL_MS = 10;

/** When each node's Job was first seen to exist, by a watch of the rig's own and on its own clock. */
export class JobWatch {
  readonly seenMs = new Map<string, number>();
  /** Jobs, not nodes: a node with two of them would show here. */
  readonly jobs = new Set<string>();
  readonly #abort = new AbortController();
  readonly #following: Promise<void>;

  private constructor(api: Api, opened: () => void) {
    this.#following = this.#follow(api, opened);
  }

  static async open(api: Api): Promise<JobWatch> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const watch = new JobWatch(api, resolve);
    await Promise.race([promise, watch.#following]);
    return watch;
  }

  /** Throws with what is missing when it takes too long. */
  async until(names: readonly string[], withinMs: number, signal?: AbortSignal): Promise<void> {
    for (const end = performance.now() + withinMs; !names.every((name) => this.seenMs.has(name)); ) {
      if (performance.now() > end) {
        const missing = names.filter((name) => !this.seenMs.has(name));
        throw new Terminal(
          `${missing.length} of ${names.length} nodes have no Job after ${withinMs} ms: ${missing[0]} ...`,
        );
      }
      await systemClock.sleep(POLL_MS, signal);
    }
  }

  async close(): Promise<void> {
    this.#abort.abort();
    await this.#following;
  }

  /** A server that finds its reader slow ends the watch; it goes on from where it was, and what it tells late counts as late. */
  async #follow(api: Api, opened: () => void): Promise<void> {
    const { signal } = this.#abort;
    let from = 'sendInitialEvents=true&resourceVersionMatch=NotOlderThan';
    while (!signal.aborted) {
      const path = `/apis/batch/v1/namespaces/${NAMESPACE}/jobs?watch=1&allowWatchBookmarks=true&${from}`;
      try {
        for await (const line of api.lines(path, METADATA_ONLY, signal)) {
          const { type, object } = JSON.parse(line) as JobEvent;
          if (type === 'ERROR') throw new Terminal(`the rig's own watch: ${line}`);
          from = `resourceVersion=${object.metadata.resourceVersion}`;
          if (type === 'BOOKMARK') opened();
          if (type === 'ADDED') this.#seen(object.metadata);
        }
      } catch (error) {
        if (!signal.aborted) throw error;
      }
    }
  }

  #seen({ name, ownerReferences }: JobEvent['object']['metadata']): void {
    const node = ownerReferences?.[0]?.name ?? '';
    this.jobs.add(name);
    if (!this.seenMs.has(node)) this.seenMs.set(node, performance.now());
  }
}
