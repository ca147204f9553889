import type { Clock } from '../../clock.ts';
import type { Logger } from '../../log.ts';
import type { Shape } from './protobuf.ts';
import type { Store } from './store.ts';
import type { Transport } from './transport.ts';

/** What to watch: a collection's path and selectors. */
export interface Resource {
  readonly name: string;
  readonly path: string;
  readonly selectors: Readonly<Record<string, string>>;
  /** What is read of an object that comes as protobuf; undefined: of a custom kind, which comes as JSON only. */
  readonly shape: Shape | undefined;
  /** false: the API server keeps no watch cache for it (events), so it sends no bookmarks and a healthy watch may be mute. */
  readonly bookmarks: boolean;
  /** Of a CRD that the cluster may not have, and may get later: asked for again after so long. */
  readonly optional?: { readonly absentMs: number };
}

export interface WatchLimits {
  /** The server ends a watch after this long; up to a tenth more, so that the watches do not all end at once. */
  readonly serverSeconds: number;
  /** More than two bookmark periods: no healthy watch is quiet for so long. */
  readonly silenceMsMax: number;
  /** For the first event or bookmark of a watch-list. */
  readonly initialSilenceMsMax: number;
  readonly backoffMsMin: number;
  readonly backoffMsMax: number;
}

export const WATCH_LIMITS: WatchLimits = {
  serverSeconds: 290,
  silenceMsMax: 150_000,
  initialSilenceMsMax: 10_000,
  backoffMsMin: 500,
  backoffMsMax: 30_000,
};

export interface WatchOptions<Raw extends object> {
  readonly resource: Resource;
  readonly store: Store<Raw, unknown>;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
  readonly limits: WatchLimits;
  /** false: never ask for a watch-list, always page. */
  readonly watchList: boolean;
  readonly onRestart: (resource: string, cause: RestartCause) => void;
  /** Of an optional kind: whether the server knows it. */
  readonly onServed?: (served: boolean) => void;
}

export type RestartCause = 'end' | 'expired' | 'error' | 'silence';
