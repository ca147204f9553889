import { messageOf } from '../../errors.ts';
import { CliError, EXIT } from '../exit.ts';
import { redact, redactText } from './redact.ts';
import type { TextFile } from './tar.ts';

/** Below this directory everything lies in the archive. */
const TOP = 'kwasm-support';

/** What has been read so far, secrets left out, and what could not be: a bundle with a hole is better than none. */
export class Collection {
  readonly files: TextFile[] = [];
  readonly gaps: string[] = [];
  readonly signal: AbortSignal;

  constructor(signal: AbortSignal) {
    this.signal = signal;
  }

  text(path: string, text: string): void {
    this.files.push({ path: `${TOP}/${path}`, text: redactText(text) });
  }

  json(path: string, value: unknown): void {
    this.files.push({ path: `${TOP}/${path}`, text: `${JSON.stringify(redact(value), null, 2)}\n` });
  }

  /** The first so many; that there are others is a gap. */
  some<T>(what: string, all: readonly T[], max: number): readonly T[] {
    if (all.length > max) this.gaps.push(`${what}: only ${max} of ${all.length}`);
    return all.slice(0, max);
  }

  async attempt(what: string, work: () => Promise<void>): Promise<void> {
    await work().catch((error: unknown) => {
      if (error instanceof CliError && error.exitCode === EXIT.unreachable) throw error;
      this.gaps.push(`${what}: ${messageOf(error)}`);
    });
    if (this.signal.aborted) throw new CliError('interrupted; no bundle was written', { exitCode: EXIT.interrupted });
  }

  /** What is read as it is. */
  async object(what: string, path: string, read: () => Promise<unknown>): Promise<void> {
    await this.attempt(what, async () => this.json(path, await read()));
  }
}
