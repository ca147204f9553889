import { Terminal } from '../errors.ts';
import { type Digest, digestOf } from './digest.ts';
import { type HttpAnswer, isPassing } from './http.ts';
import { type Descriptor, type Document, parseDocument } from './manifest.ts';
import { ACCEPT } from './media-types.ts';
import { sentOn } from './redirect.ts';
import { RegistryError } from './registry-error.ts';
import type { Session } from './session.ts';

export interface Fetched {
  readonly bytes: Buffer;
  readonly digest: Digest;
  readonly document: Document;
}

/** What the distribution specification recommends as the limit of a manifest. */
export const MANIFEST_BYTES_MAX = 4 * 1024 * 1024;
/** A component with an engine of its own in it has some 12 MB. */
export const BLOB_BYTES_MAX = 512 * 1024 * 1024;
const ANSWER_BYTES_MAX = 64 * 1024;
const BLOB_MS_MAX = 10 * 60_000;
const UPLOADS_MAX = 3;

/** The registry's operations on one repository. Every byte that comes in is held against its digest. */
export class Repository {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  get name(): string {
    return `${this.#session.endpoint.registry}/${this.#session.endpoint.repository}`;
  }

  /** undefined: there is none. `key` is a tag or a digest. */
  async manifest(key: string, signal?: AbortSignal): Promise<Fetched | undefined> {
    const call = {
      method: 'GET',
      to: `manifests/${key}`,
      bytesMax: MANIFEST_BYTES_MAX,
      headers: { accept: ACCEPT },
    } as const;
    const answer = await this.#session.ask(call, signal);
    if (answer.status === 404) return undefined;
    if (answer.status !== 200) throw this.#session.refuse(answer, `get the manifest ${key} of`);
    const digest = digestOf(answer.body);
    const where = `${this.name}, manifest ${key}`;
    if (key.startsWith('sha256:') && key !== digest) throw wrongDigest(where, digest);
    const contentType = (answer.headers['content-type'] ?? '').split(';')[0]?.trim() ?? '';
    return { bytes: answer.body, digest, document: parseDocument(answer.body, contentType, where) };
  }

  async blob({ digest, size }: Descriptor, signal?: AbortSignal): Promise<Buffer> {
    const where = `${this.name}, blob ${digest}`;
    if (size > BLOB_BYTES_MAX) throw new Terminal(`${where} has ${size} bytes; at most ${BLOB_BYTES_MAX} are taken`);
    const call = { method: 'GET', to: `blobs/${digest}`, bytesMax: size, deadlineMs: BLOB_MS_MAX } as const;
    const answer = await this.#session.ask(call, signal);
    if (answer.status !== 200) throw this.#session.refuse(answer, `get the blob ${digest} of`);
    if (answer.body.length !== size) throw new Terminal(`${where}: ${answer.body.length} bytes came, not ${size}`);
    const found = digestOf(answer.body);
    if (found !== digest) throw wrongDigest(where, found);
    return answer.body;
  }

  async hasBlob(digest: Digest, signal?: AbortSignal): Promise<boolean> {
    return this.#exists(`blobs/${digest}`, {}, signal);
  }

  async hasManifest(digest: Digest, mediaType: string, signal?: AbortSignal): Promise<boolean> {
    return this.#exists(`manifests/${digest}`, { accept: mediaType }, signal);
  }

  /** POST, PATCH, PUT, as kpt does it; begun anew as a whole when it breaks on the way. */
  async putBlob(bytes: Uint8Array, signal?: AbortSignal): Promise<'uploaded' | 'there'> {
    const digest = digestOf(bytes);
    if (await this.hasBlob(digest, signal)) return 'there';
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.#upload(bytes, digest, signal);
        return 'uploaded';
      } catch (error) {
        if (attempt >= UPLOADS_MAX || !canBeginAnew(error) || signal?.aborted) throw error;
      }
    }
  }

  async putManifest(key: string, mediaType: string, bytes: Uint8Array, signal?: AbortSignal): Promise<void> {
    const headers = { 'content-type': mediaType };
    const call = { method: 'PUT', to: `manifests/${key}`, headers, body: bytes, bytesMax: ANSWER_BYTES_MAX } as const;
    const answer = await this.#session.ask(call, signal);
    if (answer.status !== 201 && answer.status !== 200)
      throw this.#session.refuse(answer, `put the manifest ${key} to`);
  }

  async #exists(to: string, headers: Readonly<Record<string, string>>, signal?: AbortSignal): Promise<boolean> {
    const answer = await this.#session.ask({ method: 'HEAD', to, headers, bytesMax: ANSWER_BYTES_MAX }, signal);
    if (answer.status === 200) return true;
    if (answer.status === 404) return false;
    throw this.#session.refuse(answer, `look for ${to} in`);
  }

  async #upload(bytes: Uint8Array, digest: Digest, signal: AbortSignal | undefined): Promise<void> {
    const bounds = { bytesMax: ANSWER_BYTES_MAX, deadlineMs: BLOB_MS_MAX };
    const opened = await this.#session.ask({ method: 'POST', to: 'blobs/uploads/', ...bounds }, signal);
    if (opened.status !== 202) throw this.#session.refuse(opened, 'push to');
    const headers = { 'content-type': 'application/octet-stream' };
    const patch = { method: 'PATCH', to: this.#next(opened), headers, body: bytes, ...bounds } as const;
    const sent = await this.#session.ask(patch, signal);
    if (sent.status !== 202) throw this.#session.refuse(sent, 'push to');
    const to = this.#next(sent);
    to.searchParams.set('digest', digest);
    const closed = await this.#session.ask({ method: 'PUT', to, headers, ...bounds }, signal);
    if (closed.status !== 201) throw this.#session.refuse(closed, 'push to');
  }

  #next(answer: HttpAnswer): URL {
    const location = answer.headers['location'];
    if (location === undefined)
      throw new Terminal(`push to ${this.name}: the registry did not say where to send the blob`);
    return sentOn(this.#session.url('blobs/uploads/'), location);
  }
}

/** The connection broke, the registry has no time, or it has forgotten what came before. */
function canBeginAnew(error: unknown): boolean {
  if (error instanceof RegistryError) return isPassing(error.status) || error.code === 'BLOB_UPLOAD_UNKNOWN';
  return !(error instanceof Terminal);
}

function wrongDigest(where: string, found: Digest): Terminal {
  return new Terminal(`${where}: what came has the digest ${found}; the registry, or something on the way, changed it`);
}
