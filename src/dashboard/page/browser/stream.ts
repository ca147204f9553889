import type { Stream } from '../../wire.ts';

export type Link =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'live' }
  | { readonly kind: 'lost'; readonly retryMs: number }
  /** The server was started anew, with another token. */
  | { readonly kind: 'refused' };

export type Handlers = { readonly [Name in keyof Stream]: (data: Stream[Name]) => void } & {
  readonly link: (link: Link) => void;
  /** A new connection begins: everything is sent again. */
  readonly begin: () => void;
};

/** The server says that it lives every 10 s. */
const SILENCE_MS_MAX = 25_000;
const RETRY_MS_MIN = 500;
const RETRY_MS_MAX = 10_000;

/** Server-sent events by fetch: EventSource cannot send the token in a header, and an address with it would be kept by logs. */
export async function follow(token: string, handlers: Handlers): Promise<never> {
  for (let retryMs = RETRY_MS_MIN; ; ) {
    const livedMs = await once(token, handlers);
    if (livedMs === undefined) {
      handlers.link({ kind: 'refused' });
      await new Promise(() => {});
    }
    retryMs = (livedMs ?? 0) > RETRY_MS_MAX ? RETRY_MS_MIN : Math.min(RETRY_MS_MAX, retryMs * 2);
    handlers.link({ kind: 'lost', retryMs });
    await new Promise((resolve) => setTimeout(resolve, retryMs));
  }
}

/** One connection; how long it lived, or undefined where the token is not taken. */
async function once(token: string, handlers: Handlers): Promise<number | undefined> {
  const beganMs = performance.now();
  const abort = new AbortController();
  let guard = setTimeout(() => abort.abort(), SILENCE_MS_MAX);
  try {
    const answer = await fetch('/stream', { headers: { authorization: `Bearer ${token}` }, signal: abort.signal });
    if (answer.status === 401) return undefined;
    if (!answer.ok || answer.body === null) return 0;
    handlers.begin();
    handlers.link({ kind: 'live' });
    let rest = '';
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const { value, done } = await reader.read();
      if (done) break;
      clearTimeout(guard);
      guard = setTimeout(() => abort.abort(), SILENCE_MS_MAX);
      const parts = (rest + value).split('\n\n');
      rest = parts.pop() ?? '';
      for (const part of parts) dispatch(part, handlers);
    }
  } catch {
    // The connection is gone, whatever the reason: what follows is the same.
  } finally {
    clearTimeout(guard);
  }
  return performance.now() - beganMs;
}

function dispatch(text: string, handlers: Handlers): void {
  const [, event = '', data = ''] = /^event: (\w+)\ndata: (.*)$/.exec(text) ?? [];
  const handler = handlers[event as keyof Stream] as ((data: unknown) => void) | undefined;
  handler?.(JSON.parse(data));
}
