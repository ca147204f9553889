import type { NodeRow, State } from '../wire.ts';

/**
 * Thousands of nodes as small shapes: where each lies, and one outline for all of a state. As an element each, 5,000 nodes
 * were 20,000 elements, and every change, every resize and every screen reader paid for them.
 */
export interface Mosaic {
  readonly columns: number;
  readonly tile: number;
  /** A tile and the gap behind it. */
  readonly cell: number;
}

export type MosaicSize = 'large' | 'medium' | 'small';

const SIZES: Readonly<Record<MosaicSize, Pick<Mosaic, 'tile' | 'cell'>>> = {
  large: { tile: 22, cell: 26 },
  medium: { tile: 15, cell: 19 },
  small: { tile: 10, cell: 13 },
};

export function mosaicIn(width: number, size: MosaicSize): Mosaic {
  const { tile, cell } = SIZES[size];
  return { tile, cell, columns: Math.max(1, Math.floor((width + cell - tile) / cell)) };
}

export function placeOf(index: number, { columns, cell }: Mosaic): { readonly x: number; readonly y: number } {
  return { x: (index % columns) * cell, y: Math.floor(index / columns) * cell };
}

/** The gaps belong to the tile before them: a hand is not that steady. */
export function indexAt(x: number, y: number, count: number, { columns, cell }: Mosaic): number | undefined {
  const column = Math.floor(x / cell);
  if (x < 0 || y < 0 || column >= columns) return undefined;
  const index = Math.floor(y / cell) * columns + column;
  return index < count ? index : undefined;
}

export function heightOf(count: number, { columns, cell }: Mosaic): number {
  return Math.ceil(count / columns) * cell;
}

export interface Outline {
  /** `down`: a line below nodes that are not Ready. */
  readonly state: State | 'down';
  /** Not among those that were looked for. */
  readonly dim: boolean;
  /** An SVG path, a word for each node. */
  readonly d: string;
}

export function outlinesOf(
  rows: readonly NodeRow[],
  mosaic: Mosaic,
  isShown: (row: NodeRow) => boolean,
): readonly Outline[] {
  const found = new Map<
    string,
    { readonly state: Outline['state']; readonly dim: boolean; readonly words: string[] }
  >();
  const add = (state: Outline['state'], dim: boolean, word: string) => {
    const key = `${state} ${dim}`;
    const one = found.get(key);
    if (one === undefined) found.set(key, { state, dim, words: [word] });
    else one.words.push(word);
  };
  const shapes = shapesOf(mosaic.tile);
  rows.forEach((row, index) => {
    const { x, y } = placeOf(index, mosaic);
    const dim = !isShown(row);
    add(row.state, dim, `M${x},${y}${shapes[row.state]}`);
    if (!row.ready) add('down', dim, `M${x},${y + mosaic.tile + 0.5}h${mosaic.tile}v2h-${mosaic.tile}z`);
  });
  return [...found.values()].map(({ state, dim, words }) => ({ state, dim, d: words.join(' ') }));
}

type Point = readonly [x: number, y: number];
interface Ring {
  readonly from: Point;
  /** Relative commands, back to where it began. */
  readonly path: string;
}

/** By the even-odd rule: a ring within a ring is a hole, one within that is filled again. */
function shapesOf(size: number): Readonly<Record<State, string>> {
  const half = size / 2;
  const frame = [square(0, size, 2), square(1.5, size - 3, 1)];
  const bar = (at: number): Ring => ({
    from: [size * at, 1.5],
    path: `h${short(size * 0.17)}v${size - 3}h${short(-size * 0.17)}z`,
  });
  return {
    ready: join([square(0, size, 2)]),
    waiting: join(frame),
    held: join([...frame, bar(0.25), bar(0.58)]),
    working: join([circle(half, half), circle(half, half - Math.max(1.5, size * 0.16)), circle(half, size * 0.16)]),
    idle: join([circle(half, size * 0.18)]),
    retrying: join([{ from: [half, 0], path: `l${half},${size}h-${size}z` }]),
    failed: join([square(0, size, 1), cross(size)]),
  };
}

/** Each ring's first point is given from the last one's, since closing a ring leads back there. */
function join(rings: readonly Ring[]): string {
  let at: Point = [0, 0];
  let path = '';
  for (const { from, path: its } of rings) {
    path += `m${short(from[0] - at[0])},${short(from[1] - at[1])}${its}`;
    at = from;
  }
  return path;
}

function square(at: number, side: number, round: number): Ring {
  const straight = short(side - 2 * round);
  const corner = (x: number, y: number) => `a${round},${round},0,0,1,${x * round},${y * round}`;
  const path = `h${straight}${corner(1, 1)}v${straight}${corner(-1, 1)}h-${straight}${corner(-1, -1)}v-${straight}${corner(1, -1)}z`;
  return { from: [at + round, at], path };
}

function circle(middle: number, radius: number): Ring {
  const r = short(radius);
  const arc = (x: number) => `a${r},${r},0,1,0,${short(x)},0`;
  return { from: [middle - radius, middle], path: `${arc(2 * radius)}${arc(-2 * radius)}z` };
}

/** From corner to corner. */
function cross(size: number): Ring {
  const half = size / 2;
  const arm = size * 0.14;
  const [a, b] = [short(arm), short(half - arm)];
  const path = `h${a}l${b},${b}l${b},-${b}h${a}v${a}l-${b},${b}l${b},${b}v${a}h-${a}l-${b},-${b}l-${b},${b}h-${a}v-${a}l${b},-${b}l-${b},-${b}z`;
  return { from: [0, 0], path };
}

function short(value: number): number {
  return Math.round(value * 100) / 100;
}
