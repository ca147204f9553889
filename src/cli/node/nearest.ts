const SLIPS_MAX = 2;

/** Whom a person most likely meant: a name is mostly cut short or half remembered, and sometimes mistyped. The nearest first. */
export function nearest(wanted: string, names: readonly string[], countMax: number): readonly string[] {
  return names
    .map((name) => ({ name, far: distance(wanted, name) }))
    .filter(({ far }) => far <= 2 + SLIPS_MAX)
    .sort((a, b) => a.far - b.far)
    .slice(0, countMax)
    .map(({ name }) => name);
}

function distance(wanted: string, name: string): number {
  if (name.startsWith(wanted)) return 0;
  if (name.includes(wanted) || wanted.startsWith(`${name}.`)) return 1;
  return 2 + slips(wanted, name);
}

/** Letters to be put in, left out or exchanged; more than are allowed come out as just that. */
function slips(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > SLIPS_MAX) return SLIPS_MAX + 1;
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (const [at, letter] of [...a].entries()) {
    const next = [at + 1];
    for (let to = 1; to <= b.length; to += 1) {
      const kept = (row[to - 1] ?? 0) + (letter === b[to - 1] ? 0 : 1);
      next.push(Math.min(kept, (row[to] ?? 0) + 1, (next[to - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
