/** The beginning and the end of a stream: a guest may print for as long as it likes, and what explains a failure is at one of the two. */
export class Kept {
  private readonly half: number;
  private readonly head: Buffer[] = [];
  private headBytes = 0;
  private tail = Buffer.alloc(0);
  private total = 0;

  constructor(bytesMax: number) {
    this.half = Math.max(1, Math.floor(bytesMax / 2));
  }

  add(chunk: Buffer): void {
    this.total += chunk.length;
    const first = chunk.subarray(0, this.half - this.headBytes);
    if (first.length > 0) this.head.push(Buffer.from(first));
    this.headBytes += first.length;
    const rest = chunk.subarray(first.length);
    if (rest.length > 0) this.tail = Buffer.from(Buffer.concat([this.tail, rest]).subarray(-this.half));
  }

  text(): string {
    const left = this.total - this.headBytes - this.tail.length;
    const head = Buffer.concat(this.head).toString('utf8');
    return `${head}${left > 0 ? `\n... ${left} bytes left out ...\n` : ''}${this.tail.toString('utf8')}`;
  }
}
