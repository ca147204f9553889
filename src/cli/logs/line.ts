/** A JSON line of the installer's or the operator's log, for people; any other line stays as it is. */
export function readable(line: string): string {
  if (!line.startsWith('{')) return line;
  let data: unknown;
  try {
    data = JSON.parse(line);
  } catch {
    return line;
  }
  const verdict = verdictLine(data);
  if (verdict !== undefined) return verdict;
  if (typeof data !== 'object' || data === null || !('message' in data)) return line;
  const { timestamp, level, message, ...rest } = data as Readonly<Record<string, unknown>>;
  const time = typeof timestamp === 'string' ? `${timestamp.slice(11, 19)} ` : '';
  const loud = level === 'info' || level === undefined ? '' : `${String(level).toUpperCase()} `;
  const fields = Object.entries(rest).map(
    ([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  return [`${time}${loud}${String(message)}`, ...fields].join('  ');
}

/** The last line of a run is its Verdict, which the log has said already. */
function verdictLine(data: unknown): string | undefined {
  if (typeof data !== 'object' || data === null) return undefined;
  const { kind, outcome, reason, message } = data as Readonly<Record<string, unknown>>;
  return kind === 'kwasm.sh/verdict' ? `=> ${String(outcome)} (${String(reason)}): ${String(message)}` : undefined;
}
