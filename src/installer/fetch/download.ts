import { createHash, type Hash } from 'node:crypto';
import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import type { Dispatcher } from 'undici';
import type { Clock } from '../../clock.ts';
import type { Logger } from '../../log.ts';
import { Failure } from '../failure.ts';
import { one, validatorOf } from './answer.ts';
import { isHtml } from './format.ts';
import type { FetchLimits } from './limits.ts';
import { pace } from './pace.ts';
import { type Mirror, placeOf, shownUrl } from './place.ts';
import { Rejected } from './rejected.ts';
import { ask, brokenText, type Head } from './request.ts';

export interface Download {
  readonly url: string;
  readonly sha256: string;
  readonly sizeMax: number | undefined;
  /** A file that is made, and holds the checked bytes afterwards. */
  readonly to: string;
}

export interface Downloader {
  readonly dispatcher: Dispatcher;
  readonly mirror: Mirror | undefined;
  readonly limits: FetchLimits;
  readonly clock: Clock;
  /** 0 to 1: of many nodes that were refused together, not all come back together. */
  readonly random: () => number;
  readonly log: Logger;
  /** Told a size before it is written; throws where there is no room. */
  readonly room: (bytes: number) => void;
  readonly signal: AbortSignal;
}

/** What is here by now. */
interface State {
  /** Where it is asked for, for messages: behind a mirror that is not what the order says. */
  readonly from: string;
  readonly file: number;
  bytes: number;
  hash: Hash;
  /** The first bytes, to tell a web page. */
  head: Buffer;
  validator: string | undefined;
  resumed: boolean;
}
type Ended =
  | { readonly kind: 'done' }
  | { readonly kind: 'again'; readonly why: string; readonly afterMs?: number | undefined };

const HEAD_BYTES = 512;

/** Comes back when the file is here and has the ordered digest; nothing of it is looked into before. */
export async function download(wanted: Download, downloader: Downloader): Promise<void> {
  const { limits, clock, random, log, signal } = downloader;
  const url = placeOf(wanted.url, downloader.mirror);
  const from = shownUrl(url);
  const state: State = { from, file: openSync(wanted.to, 'w', 0o600), ...nothing() };
  let why = '';
  try {
    for (let attempt = 1; attempt <= limits.attemptsMax; attempt += 1) {
      log.info('download', { from, attempt, have: state.bytes });
      const ended = await attemptOf(url, wanted, state, downloader).catch((error: unknown): Ended => {
        signal.throwIfAborted();
        return { kind: 'again', why: asBroken(error) };
      });
      if (ended.kind === 'done') return;
      why = ended.why;
      if (attempt === limits.attemptsMax) break;
      const backoffMs = Math.min(limits.retryDelayMsMin * 2 ** (attempt - 1), limits.retryDelayMsMax);
      const afterMs = Math.max(ended.afterMs ?? 0, backoffMs * (0.5 + random() / 2));
      log.warn('download broke', { from, attempt, why, have: state.bytes, afterMs });
      await clock.sleep(afterMs, signal);
    }
  } catch (error) {
    // Of the run's own deadline: it says how far this one came.
    if (error instanceof Failure) throw error;
    throw signal.aborted ? interrupted(signal, from, why) : error;
  } finally {
    closeSync(state.file);
  }
  throw new Failure('DownloadFailed', `${from}: ${why} (${limits.attemptsMax} attempts)`);
}

/** What is wrong with this host or with the file itself is not the connection's fault. */
function asBroken(error: unknown): string {
  const { code, syscall } = error as { readonly code?: unknown; readonly syscall?: unknown };
  if (error instanceof Failure || (syscall === 'write' && (code === 'ENOSPC' || code === 'EDQUOT'))) throw error;
  return brokenText(error);
}

function interrupted(signal: AbortSignal, from: string, why: string): unknown {
  const { reason } = signal as { readonly reason: unknown };
  if (!(reason instanceof Error) || reason.name !== 'TimeoutError') return reason;
  return new Failure('DownloadFailed', `${from}: not here in time${why === '' ? '' : ` (before that: ${why})`}`);
}

const nothing = () => ({
  bytes: 0,
  hash: createHash('sha256'),
  head: Buffer.alloc(0),
  validator: undefined,
  resumed: false,
});

function startAgain(state: State): void {
  ftruncateSync(state.file, 0);
  Object.assign(state, nothing());
}

async function attemptOf(url: URL, wanted: Download, state: State, downloader: Downloader): Promise<Ended> {
  if (state.bytes > 0 && state.validator === undefined) startAgain(state);
  const range: Record<string, string> =
    state.bytes > 0 ? { range: `bytes=${state.bytes}-`, 'if-range': state.validator ?? '' } : {};
  const { dispatcher, mirror, signal } = downloader;
  const head = await ask(url, { dispatcher, mirror, signal, headers: range, have: state.bytes });
  try {
    const { answer } = head;
    switch (answer.kind) {
      case 'never':
        throw new Rejected(`${state.from}: ${answer.why}`, 'SourceMissing');
      case 'later':
        return { kind: 'again', why: answer.why, afterMs: answer.afterMs };
      case 'startAgain':
        startAgain(state);
        return { kind: 'again', why: 'it goes on elsewhere than asked for' };
      case 'whole':
        startAgain(state);
        break;
      case 'rest':
        state.resumed = true;
    }
    state.validator = validatorOf(head.headers);
    await receive(head, answer.bytes, wanted, state, downloader);
  } finally {
    head.close();
  }
  return judge(head, wanted, state);
}

async function receive(
  head: Head,
  total: number | undefined,
  wanted: Download,
  state: State,
  downloader: Downloader,
): Promise<void> {
  const { limits, clock, room } = downloader;
  const sizeMax = wanted.sizeMax ?? limits.downloadBytesMax;
  const tooLarge = (bytes: string) =>
    new Rejected(`${state.from}: it has ${bytes} bytes, and ${sizeMax} are allowed (sizeMax)`);
  if (total !== undefined && total > sizeMax) throw tooLarge(String(total));
  room((total ?? sizeMax) - state.bytes);
  const speed = pace(limits, clock.monotonicMs());
  for await (const piece of head.body) {
    if (state.bytes + piece.length > sizeMax) throw tooLarge(`more than ${state.bytes}`);
    for (let at = 0; at < piece.length; ) at += writeSync(state.file, piece, at, piece.length - at, state.bytes + at);
    state.hash.update(piece);
    if (state.head.length < HEAD_BYTES) state.head = Buffer.concat([state.head, piece]).subarray(0, HEAD_BYTES);
    state.bytes += piece.length;
    const slow = speed.came(piece.length, clock.monotonicMs());
    if (slow !== undefined) throw new Error(slow);
  }
}

function judge({ headers }: Head, { sha256 }: Download, state: State): Ended {
  const found = state.hash.copy().digest('hex');
  if (found === sha256) return { kind: 'done' };
  // The parts may be of two files: a server that answers If-Range wrongly, a mirror of several machines.
  if (state.resumed) {
    startAgain(state);
    return { kind: 'again', why: 'its parts do not fit together' };
  }
  const type = one(headers, 'content-type') ?? '';
  if (isHtml(state.head) || type.startsWith('text/html'))
    throw new Rejected(
      `${state.from}: it answers with a web page instead of the file: is the URL right, does it want a login?`,
      'SourceMissing',
    );
  throw new Rejected(
    `${state.from}: its SHA-256 is ${found} (${state.bytes} bytes), ordered is ${sha256}: it is another file, or somebody changed it`,
    'DigestMismatch',
  );
}
