import type { V1Job } from '@kubernetes/client-node';
import { NAMESPACE } from '../../scripts/bench/namespace.ts';
import type { Api } from '../../scripts/plane/api.ts';
import { systemClock } from '../../src/clock.ts';
import { JOB_ACTION_LABEL } from '../../src/contract.ts';

export interface Step {
  readonly kind: 'begun' | 'ended';
  readonly node: string;
  readonly job: string;
  readonly action: string;
  /** Of an end: that it did not complete. */
  readonly failed: boolean;
  /** By the API server's clock, and the Job controller's; to the second. */
  readonly atMs: number;
}

const RECONNECT_MS = 200;
const BEGINNING = 'sendInitialEvents=true&resourceVersionMatch=NotOlderThan';

/**
 * What became of the Jobs, in the order in which the API server wrote it down: one watch tells of one resource in the order
 * of its revisions. So how many ran at one time is what was, and not what somebody polled.
 */
export class JobHistory {
  readonly steps: Step[] = [];
  readonly #known = new Set<string>();
  readonly #open = new Set<string>();
  readonly #abort = new AbortController();
  readonly #following: Promise<void>;

  private constructor(api: Api, opened: () => void) {
    this.#following = this.#follow(api, opened);
  }

  static async open(api: Api): Promise<JobHistory> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const history = new JobHistory(api, resolve);
    await Promise.race([promise, history.#following]);
    return history;
  }

  /** Of these nodes; without: of all. */
  of(nodes: (node: string) => boolean, action = 'install'): readonly Step[] {
    return this.steps.filter((step) => step.action === action && nodes(step.node));
  }

  async close(): Promise<void> {
    this.#abort.abort();
    await this.#following;
  }

  /** The API server may go away and come back: it goes on from the revision it had, or from a list where that is gone. */
  async #follow(api: Api, opened: () => void): Promise<void> {
    const { signal } = this.#abort;
    let from = BEGINNING;
    while (!signal.aborted) {
      const path = `/apis/batch/v1/namespaces/${NAMESPACE}/jobs?watch=1&allowWatchBookmarks=true&${from}`;
      try {
        for await (const line of api.lines(path, 'application/json', signal)) {
          const { type, object } = JSON.parse(line) as { readonly type: string; readonly object: V1Job };
          if (type === 'ERROR') {
            from = BEGINNING;
            break;
          }
          from = `resourceVersion=${object.metadata?.resourceVersion}`;
          if (type === 'BOOKMARK') opened();
          else this.#seen(object, type === 'DELETED');
        }
      } catch {
        if (!signal.aborted) await systemClock.sleep(RECONNECT_MS);
      }
    }
  }

  #seen({ metadata, status }: V1Job, deleted: boolean): void {
    const job = metadata?.uid ?? '';
    const action = metadata?.labels?.[JOB_ACTION_LABEL] ?? '';
    const known = { job, action, node: metadata?.ownerReferences?.[0]?.name ?? '' };
    const end = status?.conditions?.find(({ type, status: is }) => /^(Complete|Failed)$/.test(type) && is === 'True');
    if (!this.#known.has(job)) {
      this.#known.add(job);
      this.#open.add(job);
      this.steps.push({ ...known, kind: 'begun', failed: false, atMs: timeMs(metadata?.creationTimestamp) });
    }
    if ((end === undefined && !deleted) || !this.#open.delete(job)) return;
    const atMs = end === undefined ? Date.now() : timeMs(end.lastTransitionTime);
    this.steps.push({ ...known, kind: 'ended', failed: end?.type !== 'Complete', atMs });
  }
}

/** The most that ran at one time. */
export function peak(steps: readonly Step[]): number {
  let running = 0;
  let most = 0;
  for (const { kind } of steps) {
    running += kind === 'begun' ? 1 : -1;
    most = Math.max(most, running);
  }
  return most;
}

export function begun(steps: readonly Step[]): readonly Step[] {
  return steps.filter(({ kind }) => kind === 'begun');
}

export function ended(steps: readonly Step[]): readonly Step[] {
  return steps.filter(({ kind }) => kind === 'ended');
}

function timeMs(time: Date | string | undefined): number {
  return new Date(time ?? 0).getTime();
}
