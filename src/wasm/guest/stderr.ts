/**
 * A guest's stderr on its way out. The first bytes go at once, so that a guest that is ended later has been heard; one that prints without end has its
 * lines gathered, since each message costs the parent more than a line is worth.
 */
const AT_ONCE_BYTES = 64 * 1024;
const GATHER_BYTES = 64 * 1024;
const RECENT_CHARACTERS = 4096;

export class StderrStream {
  /** The end of what was written. */
  recent = '';
  private readonly send: (bytes: Uint8Array) => void;
  private readonly gathered = Buffer.alloc(GATHER_BYTES);
  private waiting = 0;
  private written = 0;

  constructor(send: (bytes: Uint8Array) => void) {
    this.send = send;
  }

  write(bytes: Uint8Array): void {
    const end = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).subarray(-RECENT_CHARACTERS);
    this.recent = (this.recent + end.toString('utf8')).slice(-RECENT_CHARACTERS);
    for (let from = 0; from < bytes.length; ) from += this.gather(bytes.subarray(from));
    if (this.written <= AT_ONCE_BYTES) this.flush();
  }

  flush(): void {
    if (this.waiting > 0) this.send(this.gathered.subarray(0, this.waiting));
    this.waiting = 0;
  }

  private gather(bytes: Uint8Array): number {
    const part = bytes.subarray(0, GATHER_BYTES - this.waiting);
    this.gathered.set(part, this.waiting);
    this.waiting += part.length;
    this.written += part.length;
    if (this.waiting === GATHER_BYTES) this.flush();
    return part.length;
  }
}
