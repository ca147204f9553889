/** Where a key leads from a tile; up and down as the eye sees it, whatever the width. */
export function step(key: string, at: number, columns: number, count: number): number | undefined {
  const moves: Readonly<Record<string, number>> = {
    ArrowLeft: at - 1,
    ArrowRight: at + 1,
    ArrowUp: at - columns,
    ArrowDown: at + columns,
    PageUp: Math.max(0, at - 10 * columns),
    PageDown: Math.min(count - 1, at + 10 * columns),
    Home: 0,
    End: count - 1,
  };
  const to = moves[key];
  return to === undefined || to < 0 || to >= count ? undefined : to;
}
