import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { EnvHttpProxyAgent, fetch } from 'undici';
import { messageOf } from '../../errors.ts';
import { DOWNLOAD_BYTES_MAX } from '../../shims/order.ts';
import { CliError, EXIT } from '../exit.ts';

export interface Downloaded {
  readonly sha256: string;
  readonly bytes: number;
}

/** To a file that is there whole and as wanted, or not at all; without a file only the digest is kept. */
export async function download(
  url: string,
  to: string | undefined,
  wanted: string | undefined,
  timeoutMs: number,
): Promise<Downloaded> {
  const dispatcher = new EnvHttpProxyAgent();
  const part = to === undefined ? undefined : `${to}.part`;
  try {
    const answer = await fetch(url, { dispatcher, signal: AbortSignal.timeout(timeoutMs) });
    if (!answer.ok || answer.body === null) throw new CliError(`${url} answers HTTP ${answer.status}`);
    if (part !== undefined) await mkdir(dirname(part), { recursive: true });
    const hash = createHash('sha256');
    let bytes = 0;
    const measured = async function* (source: AsyncIterable<Uint8Array>) {
      for await (const chunk of source) {
        bytes += chunk.length;
        if (bytes > DOWNLOAD_BYTES_MAX) throw new CliError(`${url} is larger than ${DOWNLOAD_BYTES_MAX} bytes`);
        hash.update(chunk);
        yield chunk;
      }
    };
    const source = Readable.fromWeb(answer.body as never);
    if (part === undefined) for await (const _ of measured(source));
    else await pipeline(source, measured, createWriteStream(part));
    const sha256 = hash.digest('hex');
    if (wanted !== undefined && sha256 !== wanted) {
      throw new CliError(
        `${url} is not what it must be: its SHA-256 is ${sha256}, and not ${wanted}. Do not use it; ask where it comes from`,
        {
          exitCode: EXIT.unfit,
        },
      );
    }
    if (part !== undefined && to !== undefined) await rename(part, to);
    return { sha256, bytes };
  } catch (error) {
    if (error instanceof CliError) throw error;
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
    throw new CliError(`${url} cannot be downloaded: ${messageOf(cause)}. Behind a proxy, set HTTPS_PROXY`, {
      exitCode: EXIT.unreachable,
      cause: error,
    });
  } finally {
    if (part !== undefined) await rm(part, { force: true });
    await dispatcher.close();
  }
}
