/** A disk that fills up while something is written is the host's trouble, not an unforeseen error: it has its own reason. */
const CODES: ReadonlySet<unknown> = new Set(['ENOSPC', 'EDQUOT']);
/** As cp says it, in the C locale that the host's programs get. */
const SAID = /No space left on device|Disk quota exceeded/;
const DEPTH_MAX = 5;

/** What to tell a person; undefined: the error is another one. */
export function noSpaceText(error: unknown): string | undefined {
  let at = error;
  for (let depth = 0; depth < DEPTH_MAX && typeof at === 'object' && at !== null; depth += 1) {
    const { code, path, stderr, cause } = at as Readonly<Record<string, unknown>>;
    if (CODES.has(code)) return text(typeof path === 'string' ? `of ${path}` : 'to be written to');
    if (typeof stderr === 'string' && SAID.test(stderr))
      return text(`to be written to (${stderr.trim().split('\n').at(-1)})`);
    at = cause;
  }
  return undefined;
}

const text = (where: string): string => `the file system ${where} is full; make room, then try again`;

/** A write by descriptor fails without a path: this adds it. */
export function withPath(error: unknown, path: string): unknown {
  if (error instanceof Error && CODES.has((error as NodeJS.ErrnoException).code)) {
    (error as NodeJS.ErrnoException).path ??= path;
  }
  return error;
}
