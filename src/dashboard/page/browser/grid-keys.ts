/** Where an arrow key leads from a tile; up and down as the eye sees it, whatever the width. */
export function step(key: string, from: EventTarget | null): HTMLElement | undefined {
  if (!(from instanceof HTMLElement) || from.parentElement === null) return undefined;
  const all = [...from.parentElement.children] as HTMLElement[];
  const at = all.indexOf(from);
  const columns = columnsOf(all);
  const moves: Readonly<Record<string, number>> = {
    ArrowLeft: at - 1,
    ArrowRight: at + 1,
    ArrowUp: at - columns,
    ArrowDown: at + columns,
    PageUp: Math.max(0, at - 10 * columns),
    PageDown: Math.min(all.length - 1, at + 10 * columns),
    Home: 0,
    End: all.length - 1,
  };
  const to = moves[key];
  return to === undefined ? undefined : all[to];
}

function columnsOf(all: readonly HTMLElement[]): number {
  const top = all[0]?.offsetTop;
  const second = all.findIndex((tile) => tile.offsetTop !== top);
  return second === -1 ? all.length : second;
}
