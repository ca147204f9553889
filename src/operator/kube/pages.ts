import { isStatus } from './api-error.ts';
import { listOf } from './shapes.ts';
import type { WatchOptions } from './watch-options.ts';

const PAGE_SIZE = 500;
/** A list that expires between its pages is begun again, but not for ever. */
const RESTARTS_MAX = 3;

interface Page<Raw> {
  readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string };
  readonly items?: readonly Raw[];
}

/** For servers without watch-list: the whole collection in pages, swapped in at once. Returns the list's version. */
export async function listPages<Raw extends object>(options: WatchOptions<Raw>, signal: AbortSignal): Promise<string> {
  for (let restarts = 0; ; restarts += 1) {
    try {
      return await listOnce(options, signal);
    } catch (error) {
      if (!isStatus(error, 410) || restarts === RESTARTS_MAX) throw error;
    }
  }
}

async function listOnce<Raw extends object>(options: WatchOptions<Raw>, signal: AbortSignal): Promise<string> {
  const { transport, resource, store } = options;
  const listing = store.begin();
  let next: string | undefined;
  for (;;) {
    const query = {
      ...resource.selectors,
      limit: String(PAGE_SIZE),
      ...(next === undefined ? {} : { continue: next }),
    };
    const { path, shape } = resource;
    const base = { method: 'GET', verb: 'list', path, query } as const;
    const call = shape === undefined ? base : { ...base, shape: listOf(shape) };
    const page = (await transport.send(call, signal)) as Page<Raw>;
    for (const item of page.items ?? []) listing.put(item);
    next = page.metadata?.continue || undefined;
    if (next !== undefined) continue;
    const version = page.metadata?.resourceVersion ?? '';
    listing.swap(version);
    return version;
  }
}
