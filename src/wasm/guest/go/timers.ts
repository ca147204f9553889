/**
 * The event loop of one Go guest: nothing but its timers. Nobody else runs in its process, so waiting is sleeping, and a guest that waits for
 * something that cannot come is seen at once.
 */
export class Timers {
  private readonly due = new Map<number, number>();
  private next = 1;
  private readonly nowMs: () => number;
  private readonly sleep: (ms: number) => void;

  constructor(nowMs: () => number, sleep: (ms: number) => void) {
    this.nowMs = nowMs;
    this.sleep = sleep;
  }

  schedule(delayMs: number): number {
    const id = this.next++;
    this.due.set(id, this.nowMs() + Math.max(0, delayMs));
    return id;
  }

  clear(id: number): void {
    this.due.delete(id);
  }

  /** Runs timers until the guest has done what is waited for; false when none is left. */
  runUntil(done: () => boolean, resume: () => void): boolean {
    while (!done()) {
      const first = [...this.due].sort(([, a], [, b]) => a - b)[0];
      if (first === undefined) return false;
      const [id, dueMs] = first;
      this.sleep(Math.max(0, dueMs - this.nowMs()));
      resume();
      // Go clears its timer when it has seen it; one that it missed is told once more.
      if (this.due.delete(id) && !done()) resume();
    }
    return true;
  }
}
