import { readFileSync } from 'node:fs';
import { messageOf } from '../errors.ts';
import type { RunFailure } from './failure.ts';
import { encodeFrame, type Frame, FrameReader } from './frames.ts';
import { Kept } from './kept.ts';
import { HOST_BYTES, type Limits } from './limits.ts';
import { openSandbox, type Sandbox } from './sandbox.ts';

/** How an exchange with the child went: its answer, or why there is none. A child that gave none is dead. */
export type Exchange =
  | { readonly kind: 'answer'; readonly frame: Frame }
  | { readonly kind: 'none'; readonly failure: RunFailure };

const MEMORY_CHECK_MS = 50;
const HOST_STDERR_BYTES = 16 * 1024;

/** What it asks for while it is at work; the answer is one frame. */
export type Ask = (frame: Frame) => Promise<readonly Uint8Array[]>;

interface Waiting {
  readonly stderr: Pick<Kept, 'add'>;
  readonly ask: Ask | undefined;
  readonly settle: (exchange: Exchange) => void;
}

/** One child process and the one exchange that runs with it. The parent holds the clock and the scale: a busy guest blocks its own event loop. */
export class Child {
  private readonly sandbox: Sandbox;
  private readonly limits: Limits;
  private readonly reader: FrameReader;
  private readonly hostStderr = new Kept(HOST_STDERR_BYTES);
  private waiting: Waiting | undefined;
  private ended: RunFailure | undefined;

  private constructor(sandbox: Sandbox, limits: Limits) {
    this.sandbox = sandbox;
    this.limits = limits;
    this.reader = new FrameReader(limits.outputBytes + HOST_STDERR_BYTES);
    const { stdin, stdout, stderr } = sandbox.child;
    stdin?.on('error', () => {}); // it died while it was written to: 'close' tells
    stdout?.on('data', (chunk: Buffer) => this.receive(chunk));
    stderr?.on('data', (chunk: Buffer) => this.hostStderr.add(chunk));
    sandbox.child.once('close', (code, signal) => this.end(this.endedAs(code, signal)));
    sandbox.child.once('error', (error) => this.end({ kind: 'childEnded', how: messageOf(error) }));
  }

  static async open(limits: Limits): Promise<Child> {
    return new Child(await openSandbox(limits), limits);
  }

  get alive(): boolean {
    return this.ended === undefined;
  }

  exchange(
    head: Frame['head'],
    body: Uint8Array,
    stderr: Pick<Kept, 'add'>,
    timeoutMs: number,
    ask?: Ask,
  ): Promise<Exchange> {
    return new Promise((resolve) => {
      const clock = setTimeout(() => this.kill({ kind: 'timedOut', afterMs: timeoutMs }), timeoutMs);
      const scale = setInterval(() => this.weigh(), MEMORY_CHECK_MS);
      const settle = (exchange: Exchange): void => {
        clearTimeout(clock);
        clearInterval(scale);
        this.waiting = undefined;
        resolve(exchange);
      };
      this.waiting = { stderr, ask, settle };
      if (this.ended !== undefined) return settle({ kind: 'none', failure: this.ended });
      for (const part of encodeFrame(head, body)) this.sandbox.child.stdin?.write(part);
    });
  }

  kill(failure: RunFailure): void {
    this.end(failure);
    void this.sandbox.destroy();
  }

  async close(): Promise<void> {
    this.end({ kind: 'childEnded', how: 'the runner was closed' });
    await this.sandbox.destroy();
  }

  private receive(chunk: Buffer): void {
    try {
      for (const frame of this.reader.add(chunk)) this.take(frame);
    } catch (error) {
      this.kill({ kind: 'childEnded', how: `it sent ${messageOf(error)}` });
    }
  }

  private take(frame: Frame): void {
    if (frame.head['kind'] === 'stderr') this.waiting?.stderr.add(frame.body);
    else if (frame.head['kind'] === 'ask') void this.askFor(frame);
    else this.waiting?.settle({ kind: 'answer', frame });
  }

  /** A child that asks where nobody answers is not what was started. */
  private async askFor(frame: Frame): Promise<void> {
    const ask = this.waiting?.ask;
    if (ask === undefined) return this.kill({ kind: 'childEnded', how: 'it asked for something' });
    for (const part of await ask(frame)) if (this.alive) this.sandbox.child.stdin?.write(part);
  }

  private end(failure: RunFailure): void {
    this.ended ??= failure;
    this.waiting?.settle({ kind: 'none', failure: this.ended });
  }

  /** A guest's memory, tables, objects and strings together: only the process as a whole can be weighed. Linux tells; elsewhere V8's own limits hold. */
  private weigh(): void {
    const { pid } = this.sandbox.child;
    if (pid === undefined || process.platform !== 'linux') return;
    try {
      const [, pages = '0'] = readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ');
      if (Number(pages) * 4096 > this.limits.memoryBytes + HOST_BYTES) this.kill(this.outOfMemory());
    } catch {
      // It has ended; 'close' tells.
    }
  }

  private endedAs(code: number | null, signal: NodeJS.Signals | null): RunFailure {
    const text = this.hostStderr.text().trim();
    if (/heap out of memory|OOM error|Array buffer allocation failed/.test(text)) return this.outOfMemory();
    return { kind: 'childEnded', how: `${signal ?? `code ${code}`}${text === '' ? '' : `: ${text}`}` };
  }

  private outOfMemory(): RunFailure {
    return { kind: 'outOfMemory', limitBytes: this.limits.memoryBytes };
  }
}
