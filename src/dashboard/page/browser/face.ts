import type { NodeRow } from '../../wire.ts';

/** How the nodes of one group are drawn: a card each, or a mosaic. */
export interface Face {
  readonly columns: number;
  show(rows: readonly NodeRow[], look: FaceLook): void;
  /** Of `rows`, by what the pointer is on. */
  indexAt(event: MouseEvent): number | undefined;
}

export interface FaceLook {
  /** What all names end with; cards show the rest. */
  readonly ending: string;
  /** Of the grid, in pixels. */
  readonly width: number;
  /** Where the keyboard is. */
  readonly active: number;
  /** The node that is opened beside. */
  readonly open: string | undefined;
  readonly isShown: (row: NodeRow) => boolean;
}
