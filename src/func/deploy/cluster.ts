import type { Kind } from './kinds.ts';

/** What the commands of a function ask of a cluster. `what` completes "cannot ..." in the error of a request that fails. */
export interface FunctionCluster {
  /** Whether the API server knows the kind. */
  has(kind: Kind): Promise<boolean>;
  /** undefined: there is none. */
  get<T>(what: string, path: string): Promise<T | undefined>;
  list<T>(what: string, path: string, labelSelector?: string): Promise<readonly T[]>;
  /** Server-side apply: what an earlier apply of ours had and this one has not goes. */
  apply<T>(what: string, path: string, manifest: object): Promise<T>;
  /** The same, and nothing is kept of it. */
  check(what: string, path: string, manifest: object): Promise<void>;
  /** With all that it owns: the object stays until that is gone. */
  remove(what: string, path: string): Promise<void>;
  /** The last lines that a function's container wrote; `previous`: the one before its restart. */
  logTail(namespace: string, pod: string, lines: number, previous: boolean): Promise<string>;
}
