import { setTimeout as delay } from 'node:timers/promises';

/** What an HTTP client of a pod saw while a node was being changed. */
export interface Traffic {
  /** Ends the client; the counts are final then. */
  stop(): Promise<{ readonly answered: number; readonly lost: readonly string[]; readonly streamed: number }>;
}

const PAUSE_MS = 50;
const REQUEST_DEADLINE_MS = 5_000;

/**
 * Two clients of one pod at once: short requests to /, one after the other, and one endless response from /stream whose
 * lines must count up without a gap. Bounded by `stop`.
 */
export function watchTraffic(base: string): Traffic {
  const ended = new AbortController();
  const lost: string[] = [];
  let answered = 0;
  let streamed = 0;

  async function requests(): Promise<void> {
    while (!ended.signal.aborted) {
      try {
        const response = await fetch(base, { signal: AbortSignal.timeout(REQUEST_DEADLINE_MS) });
        await response.text();
        if (response.ok) answered += 1;
        else lost.push(`HTTP ${response.status}`);
      } catch (error) {
        lost.push(String(error));
      }
      await delay(PAUSE_MS);
    }
  }

  async function stream(): Promise<void> {
    try {
      const response = await fetch(new URL('/stream', base), { signal: ended.signal });
      if (response.body === null) throw new Error('no body');
      let rest = '';
      for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
        const lines = (rest + chunk).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) {
          if (Number(line) !== streamed) lost.push(`stream: line ${line} after ${streamed}`);
          streamed += 1;
        }
      }
      lost.push('stream: ended by the server');
    } catch (error) {
      if (!ended.signal.aborted) lost.push(`stream: ${String(error)}`);
    }
  }

  const clients = Promise.all([requests(), stream()]);
  return {
    async stop() {
      ended.abort();
      await clients;
      return { answered, lost, streamed };
    },
  };
}

/** The server's side, for `node -e`: answers / at once and counts up on /stream, ten lines a second. */
export const TRAFFIC_SERVER = `
require('node:http').createServer((request, response) => {
  if (request.url !== '/stream') return response.end('ok');
  let line = 0;
  const timer = setInterval(() => response.write(line++ + '\\n'), 100);
  response.on('close', () => clearInterval(timer));
}).listen(8080);
`;
