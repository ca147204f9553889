import type { V1Status } from '@kubernetes/client-node';
import { statusError } from './api-error.ts';
import { JsonLines } from './json-lines.ts';
import type { Shape } from './protobuf.ts';
import { type Mark, PROTOBUF, ProtobufFrames } from './protobuf-watch.ts';
import { type Listing, versionOf } from './store.ts';
import type { WatchOptions } from './watch-options.ts';

/** How far one connection got: kept outside, so that an error does not lose it. */
export interface Progress {
  /** Set once the list is complete. */
  version: string | undefined;
  heard: boolean;
}

interface WatchEvent<Raw> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly object: Raw;
  /** Only where the API server speaks protobuf. */
  readonly mark?: Mark | undefined;
}

/** Nothing came for too long: the connection is dead, whatever TCP thinks. */
export class Silence extends Error {}

interface Reader {
  /** Gives each event that is whole with this piece of the body. */
  push(bytes: Buffer, take: (event: unknown) => void): void;
}

function readerOf(contentType: string, shape: Shape = []): Reader {
  return contentType.startsWith(PROTOBUF) ? new ProtobufFrames(shape) : new JsonLines();
}

const LIST_COMPLETE = 'k8s.io/initial-events-end';

/**
 * One connection from request to end. Without a version it begins with a watch-list: the list as events into a new
 * store, then a bookmark that says it is complete. `heard` is called for every
 * event once the list is whole.
 */
export async function readWatch<Raw extends object>(
  options: WatchOptions<Raw>,
  progress: Progress,
  on: { readonly connected: () => void; readonly heard: () => void },
  signal: AbortSignal,
): Promise<void> {
  const { transport, store, limits, resource } = options;
  let listing = progress.version === undefined ? store.begin() : undefined;
  const abort = new AbortController();
  let guard: NodeJS.Timeout | undefined;
  const allow = (ms: number) => {
    clearTimeout(guard);
    guard = setTimeout(() => abort.abort(new Silence(`nothing heard for ${ms} ms`)), ms);
  };
  let heard = false;
  const hear = (version: string | undefined) => {
    heard = true;
    progress.heard = true;
    guard?.refresh();
    if (listing !== undefined) return;
    if (version !== undefined) store.told(version);
    progress.version = version ?? progress.version;
    on.heard();
  };
  const take = (event: WatchEvent<Raw>) => {
    const { type, mark } = event;
    if (mark !== undefined && listing === undefined && store.knows(mark)) return hear(mark.version);
    const { object } = event; // only now is it read
    if (type === 'ERROR') throw statusError(object as V1Status);
    if (listing !== undefined && type === 'BOOKMARK' && isListEnd(object)) {
      listing.swap(versionOf(object));
      listing = undefined;
      allow(silenceMsMax(options));
    } else {
      apply(listing ?? store, type, object, mark);
    }
    hear(versionOf(object) || undefined);
  };
  allow(listing === undefined ? silenceMsMax(options) : limits.initialSilenceMsMax);
  try {
    const either = AbortSignal.any([signal, abort.signal]);
    const query = queryOf(options, progress.version);
    const { path, shape } = resource;
    const base = { method: 'GET', verb: 'watch', path, query } as const;
    const begin = (contentType: string) => {
      if (listing === undefined) on.connected();
      const reader = readerOf(contentType, shape);
      return (bytes: Buffer) => {
        heard = false;
        reader.push(bytes, take as (event: unknown) => void);
        return heard && listing === undefined; // a list is waited for
      };
    };
    await transport.watch(shape === undefined ? base : { ...base, shape }, begin, either);
  } catch (error) {
    throw abort.signal.aborted ? abort.signal.reason : error; // whichever way it was reported
  } finally {
    clearTimeout(guard);
    abort.abort();
  }
}

/** Without bookmarks only the server's own end of the watch, at most a tenth late, proves that the connection lived. */
function silenceMsMax<Raw extends object>({ resource, limits }: WatchOptions<Raw>): number {
  return resource.bookmarks ? limits.silenceMsMax : limits.serverSeconds * 1_100 + limits.silenceMsMax;
}

function apply<Raw>(into: Listing<Raw>, type: WatchEvent<Raw>['type'], object: Raw, mark: Mark | undefined): void {
  if (type === 'ADDED' || type === 'MODIFIED') into.put(object, mark);
  else if (type === 'DELETED') into.remove(object);
}

function isListEnd(object: object): boolean {
  const { metadata } = object as { readonly metadata?: { readonly annotations?: Readonly<Record<string, string>> } };
  return metadata?.annotations?.[LIST_COMPLETE] === 'true';
}

function queryOf<Raw extends object>(
  { resource, limits, random }: WatchOptions<Raw>,
  version: string | undefined,
): Readonly<Record<string, string>> {
  const timeoutSeconds = String(Math.round(limits.serverSeconds * (1 + 0.1 * random())));
  const base = { ...resource.selectors, watch: 'true', allowWatchBookmarks: 'true', timeoutSeconds };
  if (version !== undefined) return { ...base, resourceVersion: version };
  return { ...base, sendInitialEvents: 'true', resourceVersionMatch: 'NotOlderThan' };
}
