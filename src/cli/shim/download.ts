import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Dispatcher, EnvHttpProxyAgent, request } from 'undici';
import { messageOf, Terminal } from '../../errors.ts';
import { REDIRECTS_MAX, sentOn } from '../../oci/redirect.ts';
import { DOWNLOAD_BYTES_MAX } from '../../shims/order.ts';
import { CLIENT_VERSION } from '../client-version.ts';
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
    const source = await bodyOf(url, dispatcher, AbortSignal.timeout(timeoutMs));
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
    if (error instanceof Terminal) throw new CliError(error.message, { exitCode: EXIT.unfit, cause: error });
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

/** As the installer asks for it, so that what is hashed is the same: as it is, and never on from https to http. */
async function bodyOf(url: string, dispatcher: Dispatcher, signal: AbortSignal): Promise<Readable> {
  let at = new URL(url);
  for (let hop = 0; hop <= REDIRECTS_MAX; hop += 1) {
    const { statusCode, headers, body } = await request(at, {
      dispatcher,
      signal,
      headers: { 'user-agent': `kwasm/${CLIENT_VERSION}`, 'accept-encoding': 'identity' },
    });
    const [location] = [headers['location'] ?? []].flat();
    if (statusCode === 200) return body;
    await body.dump();
    if (statusCode < 300 || statusCode > 399 || location === undefined)
      throw new CliError(`${url} answers HTTP ${statusCode}`);
    at = sentOn(at, location);
  }
  throw new CliError(`${url} leads on and on: more than ${REDIRECTS_MAX} redirects`);
}
