import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Terminal } from '../../src/errors.ts';
import type { Plane } from '../plane/plane.ts';
import { root } from '../testing/mocha.ts';
import { token } from './namespace.ts';
import { type Usage, usage } from './usage.ts';

/**
 * What a watch costs a program that does nothing with it: the same stream of nodes over TLS, read by Node as the operator reads it, and
 * thrown away. No operator in Node that hears each event as it comes can cost less.
 */
export class ByteReader {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** Resolves when the list begins to come. */
  static async start(plane: Plane): Promise<ByteReader> {
    const file = join(plane.dir, 'byte-reader.token');
    writeFileSync(file, await token(plane.api), { mode: 0o600 });
    const program = join(root, 'scripts/bench/byte-reader-program.ts');
    const child = spawn(process.execPath, [program, plane.server.href, file, plane.authority], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const gone = once(child, 'exit').then(([code]) => {
      throw new Terminal(`the reader of bytes ended with ${code}`);
    });
    gone.catch(() => {}); // later it is told to
    await Promise.race([once(child.stdout as NonNullable<typeof child.stdout>, 'data'), gone]);
    return new ByteReader(child);
  }

  usage(): Usage {
    return usage(this.#child.pid ?? 0);
  }

  async stop(): Promise<void> {
    const ended = once(this.#child, 'exit');
    if (this.#child.kill('SIGKILL')) await ended;
  }
}
