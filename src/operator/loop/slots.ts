/**
 * Which nodes are being changed now, and who waits for a turn. A slot is reserved the moment its Job is decided on, in
 * the same tick, so that workers on two nodes never both see it free; the Jobs in the store hold it from then on.
 */
export class Slots {
  readonly #fromJobs: () => readonly string[];
  readonly #wake: (node: string) => void;
  readonly #reserved = new Set<string>();
  readonly #waiting = new Set<string>();

  /** `fromJobs`: nodes with an unfinished Job of ours; `wake`: have another look at this node. */
  constructor(fromJobs: () => readonly string[], wake: (node: string) => void) {
    this.#fromJobs = fromJobs;
    this.#wake = wake;
  }

  /** Nodes other than this one that hold a slot, in the order they took it. */
  busyBeside(node: string): readonly string[] {
    return [...new Set([...this.#fromJobs(), ...this.#reserved])].filter((busy) => busy !== node);
  }

  reserve(node: string): void {
    this.#waiting.delete(node);
    this.#reserved.add(node);
  }

  /** The Job is in the store now, or was not made. */
  release(node: string): void {
    this.#reserved.delete(node);
  }

  wait(node: string): void {
    this.#waiting.add(node);
  }

  leave(node: string): void {
    this.#waiting.delete(node);
  }

  /** Wakes as many waiting nodes, first come first served, as there are free slots. */
  wakeFree(limit: number): void {
    let free = limit - this.busyBeside('').length;
    for (const node of this.#waiting) {
      if (free <= 0) return;
      free -= 1;
      this.#waiting.delete(node);
      this.#wake(node);
    }
  }
}
