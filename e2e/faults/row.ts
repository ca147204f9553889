import type { Cell } from './cell.ts';

/** One line of the matrix: what happens to an install, on every containerd. */
export interface Row {
  readonly id: string;
  /** Part of the story that runs with every change. */
  readonly quick?: true;
  /** On one containerd only: it takes minutes, and what it shows does not depend on the version. */
  readonly only?: string;
  run(cell: Cell): Promise<void>;
}
